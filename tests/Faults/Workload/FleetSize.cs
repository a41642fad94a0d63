namespace OrleansIoT.Faults.Workload;

/// <summary>How many clients there are, and how often each does something.</summary>
public sealed record FleetSize
{
    public int Devices { get; init; } = 500;

    public int Subscribers { get; init; } = 50;

    public int Readers { get; init; } = 8;

    /// <summary>From one message of a device to the next.</summary>
    public TimeSpan DevicePeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From one request of a reader to the next.</summary>
    public TimeSpan ReaderPeriod { get; init; } = TimeSpan.FromMilliseconds(250);
}
