using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The SHA-256 of a whole token: what a token is remembered by, so that the token itself is nowhere.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    private const int OnStack = 1024;

    /// <returns>False for what can be no token: not ASCII, empty, or longer than <see cref="TokenForm.MaxLength"/>.</returns>
    public static bool TryOf(ReadOnlySpan<char> token, out TokenHash hash)
    {
        hash = default;
        if (token.IsEmpty || token.Length > TokenForm.MaxLength)
        {
            return false;
        }

        var rented = token.Length > OnStack ? ArrayPool<byte>.Shared.Rent(token.Length) : null;
        var bytes = rented ?? stackalloc byte[OnStack];
        var isAscii = Ascii.FromUtf16(token, bytes, out var length) == OperationStatus.Done;
        if (isAscii)
        {
            SHA256.HashData(bytes[..length], MemoryMarshal.AsBytes(new Span<TokenHash>(ref hash)));
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }

        return isAscii;
    }

    /// <summary>Nobody chooses a hash, so any part of it is as good as all.</summary>
    public override int GetHashCode() => (int)(ulong)Low;
}
