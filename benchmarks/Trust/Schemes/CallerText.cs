using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using OrleansIoT.Identity;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>
/// A caller as a header: compact binary, in base64url because a header is text. Between silos it is Orleans that serialises
/// it, within the message of the call.
/// </summary>
internal static class CallerText
{
    public const string Header = "X-Caller";

    private const int MaxBytes = 4096;
    private const ushort Null = ushort.MaxValue;

    public static string Write(Caller caller, CallerEnvelope? envelope)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        var rest = bytes;
        Write(ref rest, caller.Tenant);
        Write(ref rest, caller.Subject);
        Write(ref rest, (long)caller.Kind | ((long)caller.Roles << 8));
        Write(ref rest, caller.TokenId);
        Write(ref rest, caller.ExpiresAt.UtcTicks);
        Write(ref rest, caller.SessionId);
        Write(ref rest, caller.Grants.IsDefault ? -1L : caller.Grants.Length);
        foreach (var grant in caller.Grants.AsSpan())
        {
            Write(ref rest, grant);
        }

        Write(ref rest, envelope?.KeyId);
        if (envelope is not null)
        {
            Write(ref rest, envelope.SealedAt);
            envelope.Mac.AsSpan().CopyTo(rest);
            rest = rest[envelope.Mac.Length..];
        }

        return Base64Url.EncodeToString(bytes[..^rest.Length]);
    }

    /// <returns>Null: it is none.</returns>
    public static (Caller Caller, CallerEnvelope? Envelope)? Read(string text)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        if (!Base64Url.TryDecodeFromChars(text, bytes, out var length))
        {
            return null;
        }

        try
        {
            ReadOnlySpan<byte> rest = bytes[..length];
            var (tenant, subject, kinds, tokenId) = (ReadText(ref rest), ReadText(ref rest), ReadNumber(ref rest), ReadText(ref rest));
            var (expires, session, grants) = (ReadNumber(ref rest), ReadText(ref rest), ReadNumber(ref rest));
            var caller = new Caller(
                tenant!, subject!, (CallerKind)(kinds & 0xff), (Roles)(kinds >> 8), tokenId, new DateTimeOffset(expires, TimeSpan.Zero),
                session, grants < 0 ? default : ReadGrants(ref rest, (int)Math.Min(grants, MaxBytes)));
            return ReadText(ref rest) is not { } keyId
                ? (caller, null)
                : (caller, new CallerEnvelope(caller, keyId, ReadNumber(ref rest), ImmutableArray.Create(rest)));
        }
        catch (ArgumentException)
        {
            return null; // it ends too early, or its time is none
        }
    }

    private static ImmutableArray<string> ReadGrants(ref ReadOnlySpan<byte> rest, int count)
    {
        var grants = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < count; i++)
        {
            grants.Add(ReadText(ref rest)!);
        }

        return grants.ToImmutable();
    }

    private static void Write(ref Span<byte> rest, string? text)
    {
        var length = text is null ? 0 : Encoding.UTF8.GetBytes(text, rest[sizeof(ushort)..]);
        BinaryPrimitives.WriteUInt16LittleEndian(rest, text is null ? Null : (ushort)length);
        rest = rest[(sizeof(ushort) + length)..];
    }

    private static void Write(ref Span<byte> rest, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(rest, number);
        rest = rest[sizeof(long)..];
    }

    private static string? ReadText(ref ReadOnlySpan<byte> rest)
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        rest = rest[sizeof(ushort)..];
        if (length == Null)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return text;
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> rest)
    {
        var number = BinaryPrimitives.ReadInt64LittleEndian(rest);
        rest = rest[sizeof(long)..];
        return number;
    }
}
