"""The public interface (docs/library.md): what `import alignfreeze` offers, over the packages of the stages."""
