using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Topics;

/// <summary>Topic filters with the wildcards <c>+</c> and <c>#</c> (MQTT 5.0 section 4.7).</summary>
public static class TopicFilter
{
    /// <param name="filter">The filter to check; any string.</param>
    /// <param name="why">What is wrong, as a sentence for the sender.</param>
    public static bool IsValid(string filter, [NotNullWhen(false)] out string? why)
    {
        why = null;
        if (!TopicName.IsValid(filter.Replace('+', 'p').Replace('#', 'h'), out var name))
        {
            why = name.Replace("topic name", "topic filter", StringComparison.Ordinal);
            return false;
        }

        var rest = filter.AsSpan();
        while (true)
        {
            var slash = rest.IndexOf('/');
            var level = slash < 0 ? rest : rest[..slash];
            if (level.Contains('#') && (level.Length > 1 || slash >= 0))
            {
                why = "'#' stands alone, as the last level of a topic filter."; // [MQTT-4.7.1-1]
                return false;
            }

            if (level.Contains('+') && level.Length > 1)
            {
                why = "'+' stands alone in its level of a topic filter."; // [MQTT-4.7.1-2]
                return false;
            }

            if (slash < 0)
            {
                return true;
            }

            rest = rest[(slash + 1)..];
        }
    }

    /// <summary>
    /// Whether the filter matches the topic name. <c>a/#</c> matches <c>a</c> too, and a filter that begins with a
    /// wildcard matches no topic that begins with <c>$</c> [MQTT-4.7.2-1].
    /// </summary>
    public static bool Matches(ReadOnlySpan<char> filter, ReadOnlySpan<char> topic)
    {
        if (topic is ['$', ..] && filter is ['+' or '#', ..])
        {
            return false;
        }

        while (true)
        {
            if (filter is "#")
            {
                return true;
            }

            var filterSlash = filter.IndexOf('/');
            var topicSlash = topic.IndexOf('/');
            var level = filterSlash < 0 ? filter : filter[..filterSlash];
            if (level is not "+" && !level.SequenceEqual(topicSlash < 0 ? topic : topic[..topicSlash]))
            {
                return false;
            }

            if (topicSlash < 0)
            {
                return filterSlash < 0 || filter[(filterSlash + 1)..] is "#";
            }

            if (filterSlash < 0)
            {
                return false;
            }

            filter = filter[(filterSlash + 1)..];
            topic = topic[(topicSlash + 1)..];
        }
    }

    /// <summary>Whether every topic name that <paramref name="filter"/> matches is one that <paramref name="wider"/> matches.</summary>
    public static bool Covers(ReadOnlySpan<char> wider, ReadOnlySpan<char> filter)
    {
        if (filter is ['$', ..] && wider is ['+' or '#', ..])
        {
            return false;
        }

        while (true)
        {
            if (wider is "#")
            {
                return true;
            }

            var widerSlash = wider.IndexOf('/');
            var filterSlash = filter.IndexOf('/');
            var of = filterSlash < 0 ? filter : filter[..filterSlash];
            var by = widerSlash < 0 ? wider : wider[..widerSlash];
            if (of is "#" || (by is not "+" && !by.SequenceEqual(of)))
            {
                return false;
            }

            if (filterSlash < 0)
            {
                return widerSlash < 0 || wider[(widerSlash + 1)..] is "#";
            }

            if (widerSlash < 0)
            {
                return false;
            }

            wider = wider[(widerSlash + 1)..];
            filter = filter[(filterSlash + 1)..];
        }
    }

    /// <summary>A filter that matches exactly the topic names that both match; null when there are none.</summary>
    public static string? Intersection(string one, string other)
    {
        if ((one is ['$', ..] && other is ['+' or '#', ..]) || (other is ['$', ..] && one is ['+' or '#', ..]))
        {
            return null; // [MQTT-4.7.2-1]
        }

        var (a, b) = (one.Split('/'), other.Split('/'));
        var levels = new List<string>(Math.Max(a.Length, b.Length));
        for (var i = 0; ; i++)
        {
            if (i == a.Length || i == b.Length)
            {
                // 'a/#' matches 'a' too, so a '#' meets an end as well.
                return a.Length == b.Length || (i == a.Length ? b[i..] : a[i..]) is ["#"] ? string.Join('/', levels) : null;
            }

            if (a[i] == "#" || b[i] == "#")
            {
                return string.Join('/', levels.Concat(a[i] == "#" ? b[i..] : a[i..]));
            }

            if (a[i] != "+" && b[i] != "+" && a[i] != b[i])
            {
                return null;
            }

            levels.Add(a[i] == "+" ? b[i] : a[i]);
        }
    }
}
