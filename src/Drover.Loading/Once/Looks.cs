namespace Drover.Loading;

/// <summary>The pauses between looks at a module that is being set up: a quarter of the time looked on so far, since most take milliseconds and some seconds.</summary>
struct Looks(TimeSpan shortest)
{
    static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    TimeSpan _soFar;

    public TimeSpan NextPause()
    {
        var quarter = _soFar / 4;
        var pause = quarter < shortest ? shortest : quarter < Longest ? quarter : Longest;
        _soFar += pause;
        return pause;
    }
}
