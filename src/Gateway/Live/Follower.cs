namespace OrleansIoT.Gateway.Live;

/// <summary>A stream's place in one topic. Its feed alone changes it, under the feed's lock.</summary>
internal sealed class Follower(LiveStream stream, string topic)
{
    public LiveStream Stream => stream;

    public string Topic => topic;

    /// <summary>The number of the last reading that the stream has taken.</summary>
    public long Cursor { get; set; }

    /// <summary>The feed keeps what is behind this number for the stream, as far as it can.</summary>
    public long Held { get; set; } = long.MaxValue;

    /// <summary>It has caught up with the feed once; what it does not take in time from here on, it is told that it missed.</summary>
    public bool IsLive { get; set; }
}

/// <summary>What a stream finds when it looks for more.</summary>
internal enum Found
{
    /// <summary>It has everything.</summary>
    Nothing,

    Readings,

    /// <summary>It was too slow: numbers are left out.</summary>
    Skipped,

    /// <summary>The next ones are in the history only.</summary>
    History,
}
