using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// Where a field has its number depends on a payload's template only: it is in the same slot of every payload, or in the
/// literal part of all of them, or in none.
/// </summary>
internal sealed partial class Payloads
{
    private Found? _found;

    /// <summary>Gives NaN for a payload without the number.</summary>
    public void ReadNumbers(NumberField field, int from, Span<double> values)
    {
        var sources = Find(field);
        if (Uses is not { } uses)
        {
            ReadSame(field, _indexes is null ? PayloadWriter.Raw : (int)_indexes.Values[0], from, values);
            return;
        }

        var indexes = _indexes!.Values.Slice(from, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = indexes[i] == PayloadWriter.Raw
                ? ReadRaw(field, uses[from + i])
                : sources[indexes[i] - 1].Read(uses[from + i]);
        }
    }

    private void ReadSame(NumberField field, int index, int from, Span<double> values)
    {
        if (index == PayloadWriter.Raw)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = ReadRaw(field, from + i);
            }
        }
        else if (Find(field)[index - 1] is { Column: { } column })
        {
            column.Read(from, values);
        }
        else
        {
            values.Fill(Find(field)[index - 1].Constant);
        }
    }

    private double ReadRaw(NumberField field, int use) =>
        field.TryRead((_raw ??= ReadRaw())[use].Span, out var number) ? number : double.NaN;

    private Source[] Find(NumberField field)
    {
        var found = _found;
        if (found is null || found.Field != field)
        {
            _found = found = new Found(field, [.. _templates.Select((template, i) => Find(field, template, _numbers[i]))]);
        }

        return found.Sources;
    }

    private static Source Find(NumberField field, Template template, NumberColumn[] numbers)
    {
        var sample = template.WriteSample(Time, out var numbersAt);
        return field.Find(sample) is { } range && numbersAt.IndexOf(range.Start.Value) is >= 0 and var slot
            ? new Source(numbers[slot], 0)
            : new Source(null, field.TryRead(sample, out var number) ? number : double.NaN);
    }

    private sealed record Found(NumberField Field, Source[] Sources);

    /// <param name="Constant">The number when it is in the literal part, NaN when there is none.</param>
    private readonly record struct Source(NumberColumn? Column, double Constant)
    {
        public double Read(int use) => Column is null ? Constant : Column.Doubles[use];
    }
}
