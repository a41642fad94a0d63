using System.ComponentModel.DataAnnotations;

namespace OrleansIoT.Grains;

/// <summary>What the grains allow; section <c>Grains</c> of the configuration.</summary>
public sealed class GrainsOptions
{
    public const string Section = "Grains";

    /// <summary>
    /// How many sessions a device has at a time, connected or away. With one more the oldest that is away is deleted, or
    /// the oldest connection taken over. Default: 1.
    /// </summary>
    [Range(1, 1_000)]
    public int ConnectionsPerDevice { get; set; } = 1;

    /// <summary>How many sessions a user has at a time, likewise. Default: 20.</summary>
    [Range(1, 1_000)]
    public int ConnectionsPerUser { get; set; } = 20;

    /// <summary>How many subscriptions a session has; another one is refused. Default: 100.</summary>
    [Range(1, 10_000)]
    public int SubscriptionsPerSession { get; set; } = 100;

    /// <summary>
    /// How many topics hold a retained message of one publisher; one to a further topic is refused. Default: 1,000.
    /// </summary>
    [Range(0, 1_000_000)]
    public int RetainedPerPublisher { get; set; } = 1_000;

    /// <summary>The most seconds that a session outlives its connection. Default: 4,294,967,295, which is for ever.</summary>
    public uint MaxSessionExpiry { get; set; } = uint.MaxValue;

    /// <summary>
    /// Topics that keep no history, each with everything below it; what begins with <c>$</c> keeps none anyway. Default: none.
    /// </summary>
    public IReadOnlyList<string> TransientPrefixes { get; set; } = [];

    /// <summary>
    /// How long a client has to come back, or its connection to go on, before its will is published, if the process died under its
    /// connection or the silo of its grain. Default: 5 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan WillGraceAfterRestart { get; set; } = TimeSpan.FromSeconds(5);

    internal bool IsTransient(string topic)
    {
        if (topic is ['$', ..])
        {
            return true;
        }

        foreach (var prefix in TransientPrefixes)
        {
            if (topic.StartsWith(prefix, StringComparison.Ordinal) && (topic.Length == prefix.Length || topic[prefix.Length] == '/'))
            {
                return true;
            }
        }

        return false;
    }
}
