using Microsoft.AspNetCore.Http;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Audit;

/// <summary>What the parts of the pipeline know of a request, for its entry in the audit.</summary>
internal sealed class AuditNote
{
    /// <summary>Who has signed in; null for nobody.</summary>
    public Caller? Caller { get; set; }

    /// <summary>The email or id that was typed to sign in.</summary>
    public string Name { get; set; } = "";

    /// <summary>The tenant that somebody signed in to; null until they have.</summary>
    public string? Tenant { get; set; }

    /// <summary>What the body says it is about; null where the address says it.</summary>
    public string? ThingId { get; set; }

    /// <summary>What was answered to a refusal.</summary>
    public Problem? Problem { get; set; }
}

internal static class AuditNotes
{
    /// <summary>The request's own.</summary>
    public static AuditNote Audit(this HttpContext context)
    {
        if (context.Features.Get<AuditNote>() is not { } note)
        {
            context.Features.Set(note = new AuditNote());
        }

        return note;
    }

    /// <summary>
    /// Notes as whom somebody signs in, if it has the form of an email whose domain is a host's: people type passwords into
    /// the wrong field.
    /// </summary>
    public static void NoteName(this HttpContext context, string? email)
    {
        if (UserRules.IsEmail(email, out _) && IsHost(email.AsSpan(email.IndexOf('@', StringComparison.Ordinal) + 1)))
        {
            context.Audit().Name = email.ToLowerInvariant();
        }
    }

    private static bool IsHost(ReadOnlySpan<char> domain) =>
        domain is "localhost"
        || (domain.Contains('.') && domain[0] != '.' && domain[^1] != '.'
            && domain.IndexOfAnyExcept(HostCharacters) < 0);

    private static readonly System.Buffers.SearchValues<char> HostCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
}
