using System.Text;
using OrleansIoT.Failures;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>What a request below <c>/iot/</c> asks of a topic.</summary>
internal enum TopicQuestion
{
    /// <summary><c>/iot/{topic}</c>, which is answered like <see cref="Latest"/>.</summary>
    Topic,

    /// <summary><c>/iot/{topic}/latest</c></summary>
    Latest,

    /// <summary><c>/iot/{topic}/stream</c></summary>
    Stream,

    /// <summary><c>/iot/{topic}/{start}/{end}</c></summary>
    Range,
}

/// <summary>
/// The address of a topic. Topics contain slashes, so it is read from the request target as it was sent: a slash
/// separates and <c>%2F</c> never does. The last segment <c>latest</c> or <c>stream</c>, or the last two if they are RFC 3339
/// instants, are the question; everything before is the topic. A topic that itself ends so is written with <c>%2F</c>, or
/// with <c>/latest</c> behind it: <c>/iot/a%2Flatest</c> and <c>/iot/a/latest/latest</c> are the topic <c>a/latest</c>.
/// </summary>
internal sealed record TopicAddress(
    TopicQuestion Question, string Topic, DateTimeOffset Start = default, DateTimeOffset End = default)
{
    private const string Prefix = "/iot/";
    private const string RightRange =
        "A range is two instants with date, time and offset, such as 2026-03-01T00:00:00Z/2026-03-02T00:00:00+01:00.";

    /// <summary>Whether the topic ends in what looks like two dates but is no range, which may not be what was meant.</summary>
    public bool EndsLikeRange { get; private init; }

    /// <summary>Finds the part of a request target (RFC 9112 section 3.2) that addresses a topic.</summary>
    /// <param name="target">In origin form or absolute form, as it was sent.</param>
    /// <param name="address">What is behind <c>/iot/</c>, without the query.</param>
    /// <param name="pathBase">What the target begins with before that; empty for nothing.</param>
    public static bool IsBelowIot(ReadOnlySpan<char> target, out ReadOnlySpan<char> address, ReadOnlySpan<char> pathBase = default)
    {
        address = default;
        if (!target.StartsWith("/"))
        {
            var authority = target.IndexOf("://", StringComparison.Ordinal);
            var path = authority < 0 ? -1 : target[(authority + 3)..].IndexOf('/');
            if (path < 0)
            {
                return false;
            }

            target = target[(authority + 3 + path)..];
        }

        if (target.StartsWith(pathBase, StringComparison.OrdinalIgnoreCase))
        {
            target = target[pathBase.Length..];
        }

        if (!target.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var query = target.IndexOf('?');
        address = target[Prefix.Length..(query < 0 ? target.Length : query)];
        return true;
    }

    /// <param name="address">What is behind <c>/iot/</c>, as it was sent. Dot segments and empty ones are levels like others.</param>
    /// <exception cref="FailureException">Invalid: not percent-encoded UTF-8, not a topic name, or half a range.</exception>
    public static TopicAddress Parse(string address)
    {
        var segments = Array.ConvertAll(address.Split('/'), Decode);
        if (segments is [_, .., "latest"])
        {
            return new TopicAddress(TopicQuestion.Latest, TopicOf(segments.AsSpan(..^1)));
        }

        if (segments is [_, .., "stream"])
        {
            return new TopicAddress(TopicQuestion.Stream, TopicOf(segments.AsSpan(..^1)));
        }

        if (segments is not [_, .., var first, var last])
        {
            return new TopicAddress(TopicQuestion.Topic, TopicOf(segments));
        }

        var hasStart = Rfc3339.TryParse(first, out var start);
        var hasEnd = Rfc3339.TryParse(last, out var end);
        var likeRange = Rfc3339.StartsLikeDate(first) && Rfc3339.StartsLikeDate(last);
        return (hasStart, hasEnd) switch
        {
            (true, true) => new TopicAddress(TopicQuestion.Range, TopicOf(segments.AsSpan(..^2)), start, end),
            (false, false) => new TopicAddress(TopicQuestion.Topic, TopicOf(segments)) { EndsLikeRange = likeRange },
            _ when likeRange => throw new FailureException(Failure.Invalid,
                $"The {(hasStart ? "end" : "start")} of the range is no instant. {RightRange}"),
            _ => new TopicAddress(TopicQuestion.Topic, TopicOf(segments)),
        };
    }

    /// <summary>What to answer when nobody has ever published to the topic.</summary>
    public FailureException NoReadings() => EndsLikeRange
        ? new(Failure.Invalid, $"There is no topic '{Topic}', and a date alone is no instant. {RightRange}")
        : new(Failure.NotFound, $"The topic '{Topic}' has no readings.");

    private static string TopicOf(ReadOnlySpan<string> segments)
    {
        var topic = string.Join('/', segments!);
        return TopicName.IsValid(topic, out var why) ? topic : throw new FailureException(Failure.Invalid, why);
    }

    private static string Decode(string segment)
    {
        var bytes = new byte[segment.Length];
        var length = 0;
        for (var i = 0; i < segment.Length; i++)
        {
            var value = segment[i];
            if (value == '%')
            {
                if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2]))
                {
                    throw new FailureException(
                        Failure.Invalid, "In the address, '%' stands before two hexadecimal digits; itself it is %25.");
                }

                value = (char)Convert.FromHexString(segment.AsSpan(i + 1, 2))[0];
                i += 2;
            }
            else if (value is <= ' ' or > '~')
            {
                throw new FailureException(Failure.Invalid, "In the address, other characters than printable ASCII are percent-encoded.");
            }

            bytes[length++] = (byte)value;
        }

        return System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length))
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new FailureException(Failure.Invalid, "In the address, percent-encoded bytes are UTF-8.");
    }
}
