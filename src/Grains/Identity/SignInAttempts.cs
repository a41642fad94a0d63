namespace OrleansIoT.Grains.Identity;

/// <summary>
/// How often the password of one account was wrong lately, by where the attempts came from. After five failures each further
/// one doubles the time until the next attempt, from 1 second to 60. Never longer, and forgotten after ten minutes, so that
/// nobody is locked out for good. What is refused for being too early does not count, so that asking again makes nothing worse.
/// </summary>
internal sealed class SignInAttempts(TimeProvider clock)
{
    /// <summary>So many may be wrong before anybody waits.</summary>
    public const int Free = 5;

    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Longer than the longest wait, and shorter than the grain of an unknown user stays in memory, so that known and
    /// unknown ones forget alike.
    /// </summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (int Failures, long Last)> _sources = [];

    /// <summary>Nothing is remembered.</summary>
    public bool IsEmpty
    {
        get
        {
            Forget();
            return _sources.Count == 0;
        }
    }

    /// <summary>How long the source has to wait; null when it may try.</summary>
    public TimeSpan? Wait(string source)
    {
        Forget();
        return _sources.TryGetValue(source, out var past) && WaitAfter(past.Failures) - clock.GetElapsedTime(past.Last) is { } wait
            && wait > TimeSpan.Zero ? wait : null;
    }

    public void Failed(string source) =>
        _sources[source] = (_sources.GetValueOrDefault(source).Failures + 1, clock.GetTimestamp());

    public void Succeeded(string source) => _sources.Remove(source);

    private static TimeSpan WaitAfter(int failures) => failures < Free
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, Math.Pow(2, Math.Min(failures - Free, 10))));

    private void Forget()
    {
        foreach (var (source, past) in _sources)
        {
            if (clock.GetElapsedTime(past.Last) >= Memory)
            {
                _sources.Remove(source);
            }
        }
    }
}
