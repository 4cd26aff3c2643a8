namespace Drover.Modules.Patterns;

/// <summary>How far into a pattern's syntax a walk is; the text positions reached so far are a bit set beside it.</summary>
internal struct PatternState
{
    public enum Mode : byte
    {
        Plain,
        /// <summary>Behind a backslash: the next byte stands for itself.</summary>
        Escape,
        /// <summary>Inside <c>[…]</c>; its bytes wait in <see cref="PatternText.Bracket"/> until it closes.</summary>
        Bracket,
    }

    public Mode Now;
    /// <summary>Where the bytes of the bracket begin, and where the next one goes. A closed bracket keeps its place: another way down may still have it open.</summary>
    public int BracketStart, BracketEnd;

    public readonly int BracketBytes => BracketEnd - BracketStart;
}
