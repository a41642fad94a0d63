using System.Security.Cryptography;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// A session's secret is good once, and again for a moment: two pages that ask at a time, and one whose answer was lost, are
/// all told the same next secret. It is made out of the one that was shown, so it is stored nowhere; ADR 0035.
/// </summary>
internal static class SecretRotation
{
    /// <summary>From the replacement of a secret on; a second time does not lengthen it.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>Somebody who holds F5 down replaces some ten secrets a second, of which two or three requests are on their way.</summary>
    private const int MaxReplaced = 16;

    /// <param name="session">The session.</param>
    /// <param name="current">Its secret, which is right.</param>
    /// <param name="now">When that is replaced.</param>
    public static (UserSession Session, string Secret) Rotate(this UserSession session, string current, DateTimeOffset now)
    {
        var salt = RandomNumberGenerator.GetBytes(32);
        var next = Secret.Following(current, salt);
        var replaced = new ReplacedSecret { Hash = session.SecretHash, Salt = salt, At = now };
        return (session with
        {
            SecretHash = Secret.Hash(next),
            Replaced = [.. session.Replaced.Where(other => IsRecent(other, now)).TakeLast(MaxReplaced - 1), replaced],
        }, next);
    }

    /// <returns>The session's secret now, if this one was until a moment ago; else null.</returns>
    public static string? Follow(this UserSession session, string shown, DateTimeOffset now)
    {
        string? follows = null;
        foreach (var replaced in session.Replaced)
        {
            if (follows is not null || (IsRecent(replaced, now) && Secret.Matches(replaced.Hash, shown)))
            {
                follows = Secret.Following(follows ?? shown, replaced.Salt);
            }
        }

        return follows;
    }

    /// <summary>Silos have clocks of their own, and a clock that was set back makes nothing recent for hours.</summary>
    private static bool IsRecent(ReplacedSecret replaced, DateTimeOffset now) => (now - replaced.At).Duration() < Grace;
}
