using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansIoT.Faults.Recording;

/// <summary>
/// What the clients did and what came of it, as they saw it. Each operation is written down before it is sent, and again when
/// its end is known; nothing is ever changed. In a file, a line an event, for whoever looks for a cause.
/// </summary>
public sealed class Ledger : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly Lock _gate = new();
    private readonly List<Operation> _operations = [];
    private readonly StreamWriter? _file;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Timer? _flush;

    /// <param name="path">The file; null for none.</param>
    public Ledger(string? path = null)
    {
        if (path is not null)
        {
            _file = new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read));
            _flush = new Timer(_ => Flush(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Since the beginning of the run.</summary>
    public TimeSpan Now => Stopwatch.GetElapsedTime(_start);

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<Operation> Operations
    {
        get
        {
            lock (_gate)
            {
                return [.. _operations];
            }
        }
    }

    /// <summary>Before it is sent.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public int Begin(Operation operation)
    {
        lock (_gate)
        {
            operation = operation with { Begun = Now, Ended = null, Outcome = Outcome.Info };
            _operations.Add(operation);
            Write(_operations.Count - 1, "invoke", operation);
            return _operations.Count - 1;
        }
    }

    /// <summary>When its end is known.</summary>
    public void End(int operation, Outcome outcome, string? answer = null) =>
        End<Operation>(operation, outcome, ended => ended with { Answer = answer });

    /// <param name="operation">What <see cref="Begin"/> has returned.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="answer">Adds what is known now.</param>
    public void End<T>(int operation, Outcome outcome, Func<T, T> answer)
        where T : Operation
    {
        lock (_gate)
        {
            var ended = answer((T)_operations[operation]) with { Ended = Now, Outcome = outcome };
            _operations[operation] = ended;
            Write(operation, outcome.ToString().ToLowerInvariant(), ended);
        }
    }

    /// <summary>Something that is no client's doing, as a fault.</summary>
    public void Note(string what)
    {
        lock (_gate)
        {
            _file?.WriteLine(JsonSerializer.Serialize(new { at = Seconds(Now), note = what }, Json));
        }
    }

    public void Dispose()
    {
        _flush?.Dispose();
        Flush();
        _file?.Dispose();
    }

    private void Write(int number, string isWhat, Operation operation) => _file?.WriteLine(JsonSerializer.Serialize(
        new { at = Seconds(Now), operation = number, @is = isWhat, kind = operation.GetType().Name, what = (object)operation }, Json));

    private void Flush()
    {
        lock (_gate)
        {
            if (_file?.BaseStream is FileStream { CanWrite: true } stream)
            {
                _file.Flush();
                stream.Flush(flushToDisk: true);
            }
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
}
