"""Tiny random encoders of every architecture that the project names, each with its own peculiarities switched on."""

import torch
import transformers

from alignfreeze.encoders.anatomy import text_encoder

VOCABULARY = 90
WIDTH = 32
BLOCKS = 4
POSITIONS = 64

_BERT = {
    "vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": POSITIONS, "pad_token_id": 0,
}  # fmt: skip
_FROM_PADDING = {**_BERT, "pad_token_id": 1, "type_vocab_size": 1}
_DEBERTA = {**_BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
_T5 = {
    "vocab_size": VOCABULARY, "d_model": WIDTH, "num_layers": BLOCKS, "num_decoder_layers": 1, "num_heads": 4,
    "d_kv": 8, "d_ff": 48,
}  # fmt: skip

# Name -> type of the configuration, its settings, what is peculiar.
ARCHITECTURES = {
    "BERT": ("bert", _BERT, ""),
    "DistilBERT": (
        "distilbert",
        {
            "vocab_size": VOCABULARY, "dim": WIDTH, "n_layers": BLOCKS, "n_heads": 4, "hidden_dim": 48,
            "max_position_embeddings": POSITIONS,
        },
        "names of its own",
    ),
    "RoBERTa": ("roberta", _FROM_PADDING, "positions count from the padding id"),
    "XLM-R": ("xlm-roberta", _FROM_PADDING, "positions count from the padding id"),
    "XLM-R XL": ("xlm-roberta-xl", _FROM_PADDING, "a norm after the last block"),
    "DeBERTa": ("deberta", {**_DEBERTA, "max_relative_positions": -1}, "relative positions"),
    "DeBERTa v2, v3 (mDeBERTa)": (
        "deberta-v2",
        {**_DEBERTA, "position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True},
        "relative positions in buckets",
    ),
    "DeBERTa v2 XL": (
        "deberta-v2",
        {**_DEBERTA, "share_att_key": True, "conv_kernel_size": 3, "conv_act": "gelu"},
        "a convolution beside the first block",
    ),
    "RemBERT": ("rembert", {**_BERT, "input_embedding_size": 16, "output_embedding_size": 24}, "narrow embeddings"),
    "ELECTRA": ("electra", {**_BERT, "embedding_size": 16}, "narrow embeddings"),
    "MPNet": ("mpnet", _FROM_PADDING, "relative positions beside absolute ones"),
    "X-MOD": (
        "xmod",
        {**_FROM_PADDING, "languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
        "an adapter by language; default_language is used",
    ),
    "ModernBERT (mmBERT)": (
        "modernbert",
        {
            **_BERT, "bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2, "sep_token_id": 2, "local_attention": 4,
            "global_attn_every_n_layers": 3,
        },
        "local and global attention in turn; a norm after the last block",
    ),
    "EuroBERT": (
        "eurobert",
        {**_BERT, "bos_token_id": 1, "eos_token_id": 2, "mask_token_id": 3, "num_key_value_heads": 2},
        "grouped heads; a norm after the last block",
    ),
    "NomicBERT": ("nomic_bert", _BERT, "rotary positions"),
    "GTE": ("gte", _BERT, "rotary positions"),
    "Jina v3": ("jina_embeddings_v3", _BERT, "rotary positions"),
    "mT5 encoder": ("mt5", _T5, "relative positions in the first block; a norm after the last"),
    "umT5 encoder": ("umt5", _T5, "relative positions in every block; a norm after the last"),
    "NLLB encoder (M2M100)": (
        "m2m_100",
        {
            "vocab_size": VOCABULARY, "d_model": WIDTH, "encoder_layers": BLOCKS, "decoder_layers": 1,
            "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
            "max_position_embeddings": POSITIONS, "pad_token_id": 1,
        },
        "a decoder is kept as it is; embeddings are scaled",
    ),
}  # fmt: skip

_BART = ARCHITECTURES["NLLB encoder (M2M100)"][1]
_LLAMA = {**_BERT, "num_key_value_heads": 2, "head_dim": 8}
# Others that transformers has: they work as they are.
FURTHER = {
    "CamemBERT": ("camembert", _FROM_PADDING, "positions count from the padding id"),
    "ERNIE": ("ernie", _BERT, ""),
    "LUKE": ("luke", {**_FROM_PADDING, "entity_vocab_size": 10, "entity_emb_size": 8}, "words alone, no entities"),
    "data2vec text": ("data2vec-text", _FROM_PADDING, "positions count from the padding id"),
    "RoBERTa PreLayerNorm": ("roberta-prelayernorm", _FROM_PADDING, "a norm after the last block"),
    "BigBird": ("big_bird", {**_BERT, "attention_type": "original_full"}, "short inputs in full attention"),
    "RoFormer": ("roformer", {**_BERT, "embedding_size": 16}, "rotary positions"),
    "ConvBERT": (
        "convbert", {**_BERT, "embedding_size": 32, "head_ratio": 2, "conv_kernel_size": 3},
        "convolutions beside attention",
    ),
    "Megatron BERT": ("megatron-bert", _BERT, "a norm after the last block"),
    "LayoutLM": ("layoutlm", _BERT, "text alone, no layout"),
    "T5 encoder": ("t5", _T5, "relative positions in the first block; a norm after the last"),
    "mBART encoder": ("mbart", _BART, "a decoder is kept as it is"),
    "Gemma 3, bidirectional": (
        "gemma3_text", {**_LLAMA, "use_bidirectional_attention": True}, "local and global attention in turn",
    ),
}  # fmt: skip
# What cannot be frozen block by block (with `full` ALBERT works), or is no encoder of text.
REFUSED = {
    "ALBERT": ("albert", {**_BERT, "embedding_size": 16}),
    "XLM, FlauBERT": ("xlm", {"vocab_size": VOCABULARY, "emb_dim": WIDTH, "n_layers": BLOCKS, "n_heads": 4}),
    "XLNet": ("xlnet", {"vocab_size": VOCABULARY, "d_model": WIDTH, "n_layer": BLOCKS, "n_head": 4, "d_inner": 48}),
    "Longformer": ("longformer", {**_FROM_PADDING, "attention_window": 4}),
    "Llama and other decoders": ("llama", _LLAMA),
    "LiLT": ("lilt", _FROM_PADDING),
}


def make(name, seed=0, **changed):
    """A random model of an architecture, dropout on."""
    kind, settings, *_ = {**ARCHITECTURES, **FURTHER, **REFUSED}[name]
    config = transformers.AutoConfig.for_model(kind, **settings | changed)
    torch.manual_seed(seed)
    family = ("t5", "mt5", "umt5")
    with_text_encoder = transformers.AutoModelForTextEncoding if kind in family else transformers.AutoModel
    return with_text_encoder.from_config(config)


def random_ids(length=11):
    """Three rows of different length and their mask."""
    ids = torch.randint(5, VOCABULARY - 10, (3, length), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(length) < torch.tensor([length, 7, 4])[:, None]
    return ids.masked_fill(~mask, 1), mask


def every_hidden_state(model, ids, mask):
    """What transformers itself gives, without our code but for where the encoder is."""
    return text_encoder(model)(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True).hidden_states
