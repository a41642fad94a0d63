using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace OrleansIoT.Topics;

/// <summary>What may be published to: a topic name (MQTT 5.0 section 4.7), which has no wildcards.</summary>
public static class TopicName
{
    /// <summary>The longest topic name, in bytes of UTF-8.</summary>
    public const int MaxBytes = 512;

    /// <summary>The most levels, that is one more than slashes.</summary>
    public const int MaxLevels = 16;

    /// <param name="topic">The name to check; any string.</param>
    /// <param name="why">What is wrong, as a sentence for the sender.</param>
    public static bool IsValid(string topic, [NotNullWhen(false)] out string? why)
    {
        why = topic switch
        {
            "" => "A topic name has at least one character.",
            _ when topic.AsSpan().ContainsAny('+', '#') => "A topic name has no wildcards ('+', '#').",
            _ when topic.Contains('\0', StringComparison.Ordinal) => "A topic name has no U+0000.",
            _ when Encoding.UTF8.GetByteCount(topic) > MaxBytes => $"A topic name has at most {MaxBytes} bytes.",
            _ when topic.AsSpan().Count('/') >= MaxLevels => $"A topic name has at most {MaxLevels} levels.",
            _ => null,
        };
        return why is null;
    }
}
