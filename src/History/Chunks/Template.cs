using System.Runtime.CompilerServices;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// What payloads of one device have in common: literal bytes with slots between them, for decimal numbers and for the
/// reading's own event time. As bytes it is, for each slot, the length of the literal before it, the literal and the kind of
/// the slot; the last kind is <see cref="End"/>.
/// </summary>
internal sealed class Template
{
    public const int End = 0;
    public const int Number = 1;

    /// <summary>And from here on the forms of <see cref="TimeText"/>.</summary>
    public const int Time = 2;

    /// <summary>Beyond it numbers are too few of a kind to profit.</summary>
    public const int MaxSlots = 64;

    private readonly byte[] _literals;
    private readonly (int Start, int Length, int Kind)[] _parts;

    public Template(ref ByteReader reader)
    {
        var rest = reader.Rest;
        var start = reader.Position;
        var parts = new List<(int, int, int)>();
        int kind;
        do
        {
            var length = reader.Count(int.MaxValue);
            parts.Add((reader.Position - start, length, 0));
            reader.Bytes(length);
            kind = reader.Count(Time + TimeText.Forms - 1);
            parts[^1] = parts[^1] with { Item3 = kind };
            Numbers += kind == Number ? 1 : 0;
            if (parts.Count > MaxSlots + 1)
            {
                throw ByteReader.Invalid("no such payload");
            }
        }
        while (kind != End);

        _parts = [.. parts];
        _literals = rest[..(reader.Position - start)].ToArray();
    }

    /// <summary>How many numbers a payload has.</summary>
    public int Numbers { get; }

    public ReadOnlySpan<byte> AsBytes => _literals;

    /// <summary>Takes the numbers out of a payload of this template.</summary>
    public bool TryRead(ReadOnlySpan<byte> payload, long at, TimeText time, Span<long> mantissas, Span<byte> scales)
    {
        var number = 0;
        foreach (var (start, length, kind) in _parts)
        {
            if (!payload.StartsWith(_literals.AsSpan(start, length)))
            {
                return false;
            }

            payload = payload[length..];
            if (kind == Number)
            {
                var digits = Decimals.Read(payload, out mantissas[number], out var scale);
                if (digits == 0)
                {
                    return false;
                }

                scales[number++] = (byte)scale;
                payload = payload[digits..];
            }
            else if (kind >= Time)
            {
                var text = time.Write(at, kind - Time);
                if (!payload.StartsWith(text))
                {
                    return false;
                }

                payload = payload[text.Length..];
            }
        }

        return payload.IsEmpty;
    }

    /// <summary>Puts the numbers of the <paramref name="use"/>th payload of this template into their slots.</summary>
    [SkipLocalsInit]
    public byte[] Write(long at, TimeText time, ReadOnlySpan<NumberColumn> numbers, int use)
    {
        var most = _literals.Length + (_parts.Length * TimeText.MaxLength);
        var payload = most <= 512 ? stackalloc byte[512] : new byte[most];
        var end = 0;
        var number = 0;
        foreach (var (start, length, kind) in _parts)
        {
            _literals.AsSpan(start, length).CopyTo(payload[end..]);
            end += length;
            if (kind == Number)
            {
                var (mantissa, scale) = numbers[number++].Decimal(use);
                end += Decimals.Write(mantissa, scale, payload[end..]);
            }
            else if (kind >= Time)
            {
                var text = time.Write(at, kind - Time);
                text.CopyTo(payload[end..]);
                end += text.Length;
            }
        }

        return payload[..end].ToArray();
    }

    /// <summary>A payload with zeros in its slots, and where they are.</summary>
    public byte[] WriteSample(TimeText time, out List<int> numbersAt)
    {
        var payload = new MemoryStream();
        numbersAt = [];
        foreach (var (start, length, kind) in _parts)
        {
            payload.Write(_literals, start, length);
            if (kind == Number)
            {
                numbersAt.Add((int)payload.Length);
                payload.WriteByte((byte)'0');
            }
            else if (kind >= Time)
            {
                payload.Write(time.Write(0, kind - Time));
            }
        }

        return payload.ToArray();
    }
}
