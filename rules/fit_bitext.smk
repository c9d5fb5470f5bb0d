"""More of the bitext for FastAlign to be fitted on; included where `aligners.fastalign.fit_pairs` is set."""


# A rule of its own, because FastAlign alone needs it: to make it again must not touch the bitext that all else is made of.
use rule build_bitext as build_fit_bitext with:
    output:
        temp(results("fit_bitext/{lang}.parquet")),
    log:
        log_of("fit_bitext/{lang}"),
    benchmark:
        results("benchmarks/fit_bitext/{lang}.tsv")
    params:
        code=code("build_bitext", without=["data/segmentation"] if BITEXT.segmented else []),
        segmented=BITEXT.segmented,
        source_language=SOURCE,
        sample=BITEXT.sample,
        sampling=BITEXT.sampling,
        seed=BITEXT.sample_seed,
        fit_pairs=FIT_PAIRS,
    message:
        f"Reading what FastAlign is fitted on, {SOURCE}-{{wildcards.lang}}"
