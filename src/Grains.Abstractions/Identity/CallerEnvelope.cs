using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansIoT.Identity;

/// <summary>
/// A <see cref="Identity.Caller"/> with the proof that a process of the cluster has established it: an HMAC-SHA-256 (RFC 2104)
/// under a key that only they have. It proves who calls and when that was said, not what is called: within its minute it can
/// be used again, by whoever could read it on the wire, for what this caller may do anyway.
/// </summary>
/// <param name="Caller">Who calls.</param>
/// <param name="KeyId">Which of the cluster's keys it is sealed with.</param>
/// <param name="SealedAt">When, in milliseconds since 1970 (UTC).</param>
/// <param name="Mac">32 bytes over all of the above.</param>
[GenerateSerializer, Immutable, Alias("iot.CallerEnvelope")]
public sealed record CallerEnvelope(
    [property: Id(0)] Caller Caller,
    [property: Id(1)] string KeyId,
    [property: Id(2)] long SealedAt,
    [property: Id(3)] ImmutableArray<byte> Mac)
{
    /// <summary>So that no MAC that the key ever makes for something else is one of these.</summary>
    private const string Purpose = "iot.caller.1";

    private const int OnTheStack = 1024;

    public static CallerEnvelope Seal(Caller caller, string keyId, ReadOnlySpan<byte> key, DateTimeOffset now)
    {
        var sealedAt = now.ToUnixTimeMilliseconds();
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        ComputeMac(caller, keyId, sealedAt, key, mac);
        return new CallerEnvelope(caller, keyId, sealedAt, [.. mac]);
    }

    /// <summary>Whether the MAC is this key's over exactly this. Compares in constant time, and allocates nothing for callers of ordinary size.</summary>
    public bool IsSealedWith(ReadOnlySpan<byte> key)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        ComputeMac(Caller, KeyId, SealedAt, key, mac);
        return CryptographicOperations.FixedTimeEquals(mac, Mac.AsSpan());
    }

    private static void ComputeMac(Caller caller, string keyId, long sealedAt, ReadOnlySpan<byte> key, Span<byte> mac)
    {
        var length = Length(caller, keyId);
        var rented = length > OnTheStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        var bytes = rented is null ? stackalloc byte[OnTheStack] : rented;
        HMACSHA256.HashData(key, bytes[..Write(bytes, caller, keyId, sealedAt)], mac);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static int Length(Caller caller, string keyId)
    {
        var characters = Purpose.Length + keyId.Length + caller.Tenant.Length + caller.Subject.Length
            + (caller.TokenId?.Length ?? 0) + (caller.SessionId?.Length ?? 0);
        var texts = 6;
        foreach (var grant in caller.Grants.AsSpan())
        {
            characters += grant.Length;
            texts++;
        }

        return (characters * sizeof(char)) + (texts * sizeof(int)) + (2 * sizeof(long)) + (3 * sizeof(int));
    }

    /// <summary>Every field behind its length or of a fixed one, so that no two callers have the same bytes.</summary>
    private static int Write(Span<byte> bytes, Caller caller, string keyId, long sealedAt)
    {
        var rest = bytes;
        Write(ref rest, Purpose);
        Write(ref rest, keyId);
        Write(ref rest, sealedAt);
        Write(ref rest, caller.Tenant);
        Write(ref rest, caller.Subject);
        Write(ref rest, (int)caller.Kind);
        Write(ref rest, (int)caller.Roles);
        Write(ref rest, caller.TokenId);
        Write(ref rest, caller.ExpiresAt.UtcTicks);
        Write(ref rest, caller.SessionId);
        Write(ref rest, caller.Grants.IsDefault ? -1 : caller.Grants.Length);
        foreach (var grant in caller.Grants.AsSpan())
        {
            Write(ref rest, grant);
        }

        return bytes.Length - rest.Length;
    }

    /// <summary>As it is in memory, UTF-16: nothing is normalised, and what is no valid text has its own bytes too.</summary>
    private static void Write(ref Span<byte> rest, string? text)
    {
        Write(ref rest, text?.Length ?? -1);
        var bytes = MemoryMarshal.AsBytes(text.AsSpan());
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }

    private static void Write(ref Span<byte> rest, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, number);
        rest = rest[sizeof(int)..];
    }

    private static void Write(ref Span<byte> rest, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(rest, number);
        rest = rest[sizeof(long)..];
    }
}
