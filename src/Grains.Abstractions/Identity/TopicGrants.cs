using System.Collections.Immutable;
using OrleansIoT.Topics;

namespace OrleansIoT.Identity;

/// <summary>
/// The topic filters that an account, or one of its tokens, is narrowed to, as pure functions. None narrow nothing. Where
/// there are only denials, everything else is granted, as if <c>#</c> stood before them.
/// </summary>
public static class TopicGrants
{
    /// <summary>The most that somebody has.</summary>
    public const int Max = 50;

    /// <summary>Denies everything: what is left when two share nothing.</summary>
    private const string Nothing = "!#";

    /// <summary>Whether the topic is granted.</summary>
    public static bool Allow(ImmutableArray<string> grants, string topic)
    {
        if (grants.IsDefaultOrEmpty)
        {
            return true;
        }

        var allowed = false;
        var hasPositive = false;
        foreach (var grant in grants)
        {
            if (grant is ['!', ..])
            {
                if (TopicFilter.Matches(grant.AsSpan(1), topic))
                {
                    return false;
                }
            }
            else
            {
                hasPositive = true;
                allowed = allowed || TopicFilter.Matches(grant, topic);
            }
        }

        return hasPositive ? allowed : TopicFilter.Matches("#", topic);
    }

    /// <summary>Whether every topic that the filter matches is granted.</summary>
    public static bool AllowAll(ImmutableArray<string> grants, string filter) =>
        grants.IsDefaultOrEmpty
        || (!Denials(grants).Any(denial => TopicFilter.Intersection(denial, filter) is not null)
            && Positives(grants).Any(grant => TopicFilter.Covers(grant, filter)));

    /// <summary>What both grant.</summary>
    public static ImmutableArray<string> Intersect(ImmutableArray<string> one, ImmutableArray<string> other)
    {
        if (one.IsDefaultOrEmpty || other.IsDefaultOrEmpty)
        {
            return one.IsDefaultOrEmpty ? other.IsDefault ? [] : other : one;
        }

        var positives = new HashSet<string>();
        foreach (var grant in Positives(one))
        {
            positives.UnionWith(Positives(other).Select(by => TopicFilter.Intersection(grant, by)).OfType<string>());
        }

        return positives.Count == 0
            ? [Nothing]
            : [.. positives, .. Denials(one).Union(Denials(other)).Select(denial => $"!{denial}")];
    }

    /// <summary>The same as grants of a device, which are nothing where there are none.</summary>
    public static ImmutableArray<string> OfDevice(ImmutableArray<string> grants) =>
        [.. Positives(grants), .. Denials(grants).Select(denial => $"!{denial}")];

    /// <summary>The filters of which at least one has to match: <c>#</c> where none is named.</summary>
    public static IEnumerable<string> Positives(ImmutableArray<string> grants)
    {
        var any = false;
        foreach (var grant in grants.IsDefault ? [] : grants)
        {
            if (grant is not ['!', ..])
            {
                any = true;
                yield return grant;
            }
        }

        if (!any)
        {
            yield return "#";
        }
    }

    private static IEnumerable<string> Denials(ImmutableArray<string> grants) =>
        grants.IsDefault ? [] : from grant in grants where grant is ['!', ..] select grant[1..];
}
