using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// What programs show for passwords: 256 random bits in base64url, 43 characters. It has all the entropy there is, so one
/// SHA-256 hides it as well as a slow hash would, and costs those who come often nothing.
/// </summary>
internal static class Secret
{
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A name that nobody guesses: 128 random bits in base64url, 22 characters.</summary>
    public static string CreateId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>A password for somebody who is told it once: 120 random bits, 20 characters.</summary>
    public static string CreatePassword() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(15));

    /// <summary>The secret that follows one: always the same for a salt, and known to nobody who has not both.</summary>
    public static string Following(string secret, byte[] salt) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(salt, Encoding.UTF8.GetBytes(secret)));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>In time that does not depend on how much of the secret is right.</summary>
    public static bool Matches(byte[] hash, string secret) => CryptographicOperations.FixedTimeEquals(hash, Hash(secret));
}
