namespace OrleansIoT.History.Chunks;

internal sealed partial class PayloadWriter
{
    // Longer ones are seldom telemetry, and there may be 256 KiB of them.
    private const int MaxTemplatedLength = 4096;

    /// <summary>Finds the template of each payload: its place in <see cref="_used"/>, or -1.</summary>
    private void Split(ReadOnlySpan<StoredReading> readings)
    {
        var last = -1;
        var numbers = 0;
        for (var i = 0; i < readings.Length; i++)
        {
            var payload = readings[i].Payload.Span;
            if (_mantissas.Length < numbers + Template.MaxSlots)
            {
                Array.Resize(ref _mantissas, _mantissas.Length * 2);
                Array.Resize(ref _scales, _mantissas.Length);
            }

            if (last < 0 || !_used[last].Template.TryRead(
                payload, readings[i].At, _time, _mantissas.AsSpan(numbers), _scales.AsSpan(numbers)))
            {
                last = payload.Length is 0 or > MaxTemplatedLength ? -1 : Find(payload, readings[i].At, numbers);
            }

            _templates[i] = last;
            _starts[i] = numbers;
            if (last >= 0)
            {
                numbers += _used[last].Template.Numbers;
                _used[last].Uses++;
                _used[last].Bytes += payload.Length;
            }
        }
    }

    private int Find(ReadOnlySpan<byte> payload, long at, int numbers)
    {
        _candidate.Clear();
        Tokens.Split(payload, at, _time, _candidate, _mantissas.AsSpan(numbers), _scales.AsSpan(numbers));
        var hash = Checksum.Of(_candidate.Written);
        var known = FindKnown(hash);
        if (known is { Uses: > 0 })
        {
            return known.Place;
        }

        if (_used.Count == MaxTemplates)
        {
            return -1;
        }

        if (known is null)
        {
            var reader = new ByteReader(_candidate.Written);
            known = new Known(new Template(ref reader), hash);
            _known.Add(known);
        }

        known.Place = _used.Count;
        _used.Add(known);
        return known.Place;
    }

    private Known? FindKnown(uint hash)
    {
        foreach (var known in _known)
        {
            if (known.Hash == hash && known.Template.AsBytes.SequenceEqual(_candidate.Written))
            {
                return known;
            }
        }

        return null;
    }

    /// <summary>A template and what it is to the chunk that is being written.</summary>
    private sealed class Known(Template template, uint hash)
    {
        public Template Template => template;

        public uint Hash => hash;

        public int Place { get; set; }

        public int Uses { get; set; }

        public int Bytes { get; set; }

        public int Index { get; set; }

        public int End { get; set; }
    }
}
