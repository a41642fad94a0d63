using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace OrleansIoT.Identity;

/// <summary>
/// The rules for an email, a user's name and a password, as pure functions. Each says what is wrong as a sentence for
/// the person who typed it, and never repeats what was typed.
/// </summary>
public static class UserRules
{
    /// <summary>The longest address that fits a mail transaction (RFC 5321 section 4.5.3.1.3, less its angle brackets).</summary>
    public const int MaxEmailLength = 254;

    public const int MaxUsernameLength = 100;

    /// <summary>NIST SP 800-63B section 5.1.1.2: at least 8 characters, no rules of composition, no common ones.</summary>
    public const int MinPasswordLength = 8;

    /// <summary>Hashing costs time by the byte, so there is an end.</summary>
    public const int MaxPasswordLength = 128;

    private const int MaxLocalPartLength = 64; // RFC 5321 section 4.5.3.1.1

    private static readonly FrozenSet<string> CommonPasswords = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "12345678", "123456789", "1234567890", "0123456789", "87654321", "987654321", "0987654321", "123123123",
        "12341234", "11111111", "00000000", "66666666", "88888888", "99999999", "password", "password1", "password12",
        "password123", "password1234", "passw0rd", "p@ssw0rd", "p@ssword", "qwertyui", "qwertyuiop", "qwerty12",
        "qwerty123", "qwerty1234", "1q2w3e4r", "1q2w3e4r5t", "q1w2e3r4", "1qaz2wsx", "zaq12wsx", "asdfghjk",
        "asdfghjkl", "zxcvbnm1", "abcd1234", "abc12345", "abcdefgh", "a1b2c3d4", "aa123456", "iloveyou", "sunshine",
        "princess", "football", "baseball", "superman", "trustno1", "starwars", "letmein1", "welcome1", "welcome123",
        "whatever", "computer", "internet", "changeme", "changeit", "adminadmin", "admin123", "administrator",
        "orleansiot", "orleans-iot");

    /// <summary>One '@' between a name of at most 64 and a domain, at most 254 characters in all, none of them a space or invisible.</summary>
    public static bool IsEmail([NotNullWhen(true)] string? email, [NotNullWhen(false)] out string? why)
    {
        why = email is { Length: > 0 and <= MaxEmailLength }
              && email.IndexOf('@', StringComparison.Ordinal) is > 0 and <= MaxLocalPartLength and var at
              && at < email.Length - 1
              && email.LastIndexOf('@') == at
              && IsPrintable(email)
              && !email.Contains(' ', StringComparison.Ordinal)
            ? null
            : $"An email has the form name@domain, at most {MaxEmailLength} characters, without spaces.";
        return why is null;
    }

    /// <summary>1 to 100 printable characters that neither begin nor end with a space.</summary>
    public static bool IsUsername([NotNullWhen(true)] string? username, [NotNullWhen(false)] out string? why)
    {
        why = username is { Length: > 0 }
              && Length(username) <= MaxUsernameLength
              && IsPrintable(username)
              && username[0] != ' ' && username[^1] != ' '
            ? null
            : $"A user name is 1 to {MaxUsernameLength} printable characters and neither begins nor ends with a space.";
        return why is null;
    }

    /// <summary>8 to 128 characters of any kind, not the email or the user name, and not one that everybody tries first.</summary>
    public static bool IsPassword(
        [NotNullWhen(true)] string? password, string email, string username, [NotNullWhen(false)] out string? why)
    {
        why = password switch
        {
            null => $"A password has {MinPasswordLength} to {MaxPasswordLength} characters.",
            _ when Length(password) is < MinPasswordLength or > MaxPasswordLength =>
                $"A password has {MinPasswordLength} to {MaxPasswordLength} characters.",
            _ when password.Equals(email, StringComparison.OrdinalIgnoreCase)
                   || password.Equals(username, StringComparison.OrdinalIgnoreCase) =>
                "A password is not the email or the user name.",
            _ when CommonPasswords.Contains(password) => "This password is one of the most common ones, which are tried first.",
            _ => null,
        };
        return why is null;
    }

    /// <summary>In characters as Unicode counts them, so that nobody's script counts double.</summary>
    private static int Length(string text) => text.EnumerateRunes().Count();

    private static bool IsPrintable(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done
                || (rune.Value != ' ' && Rune.GetUnicodeCategory(rune)
                    is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.SpaceSeparator
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
                    or UnicodeCategory.OtherNotAssigned))
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }
}
