namespace OrleansIoT.Grains.Identity;

/// <summary>A session's secret that another one has followed: its hash, and what makes out of it the one that followed.</summary>
[GenerateSerializer, Immutable, Alias("iot.ReplacedSecret")]
public sealed record ReplacedSecret
{
    [Id(0)] public byte[] Hash { get; init; } = [];
    [Id(1)] public byte[] Salt { get; init; } = [];
    [Id(2)] public DateTimeOffset At { get; init; }
}
