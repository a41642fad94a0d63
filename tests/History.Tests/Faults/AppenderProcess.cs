using System.Diagnostics;
using OrleansIoT.History.Tests.Sessions;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>An <see cref="Appender"/> that is killed, and the ledger of what it was told that is stored.</summary>
internal sealed class AppenderProcess : IDisposable
{
    /// <summary>Nothing that a test waits for takes this long, unless it never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly long[] _acknowledged;

    /// <param name="directory">Of its database.</param>
    /// <param name="acknowledged">For each topic the last number that is stored, here and in the lives before.</param>
    /// <param name="environment">What it finds in its environment.</param>
    public AppenderProcess(string directory, long[] acknowledged, params (string Name, string Value)[] environment)
    {
        _acknowledged = acknowledged;
        var info = new ProcessStartInfo(
            "dotnet", [typeof(AppenderProcess).Assembly.Location, directory, $"{acknowledged.Length}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        _process = Process.Start(info)!;
    }

    /// <summary>How many readings were refused.</summary>
    public int Refused { get; private set; }

    public bool WasKilled => _process.ExitCode == 128 + 9;

    /// <summary>Listens until it has stored so many readings.</summary>
    public async Task Store(long count)
    {
        for (var enough = _acknowledged.Sum() + count; _acknowledged.Sum() < enough;)
        {
            Hear(await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw Ended());
        }
    }

    /// <summary>Listens until so many appends were refused.</summary>
    public async Task BeRefused(int count)
    {
        for (var enough = Refused + count; Refused < enough;)
        {
            Hear(await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw Ended());
        }
    }

    /// <summary>Kills it, and hears what it had said before: that is in the pipe.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await HearTheRest();
    }

    /// <summary>Listens until it has killed itself.</summary>
    /// <exception cref="TimeoutException">It has not.</exception>
    public Task Die() => HearTheRest();

    /// <summary>Lets it end as it should.</summary>
    public async Task End()
    {
        _process.StandardInput.Close();
        await HearTheRest();
        Assert.Equal(0, _process.ExitCode);
    }

    /// <summary>
    /// Acknowledged is stored, in the history and the queues: nothing is missing, nothing is there twice, nothing that
    /// was not appended; and the file is sound.
    /// </summary>
    public static async Task MustHold(string directory, long[] acknowledged)
    {
        await using var store = new TestStore(directory: directory);
        await store.OnWriter(connection => Assert.Equal("ok", connection.TextPragma("integrity_check")));
        for (var topic = 0; topic < acknowledged.Length; topic++)
        {
            var key = Appender.TopicKey(topic);
            var stored = (await store.History.ReadAll(key)).OrderBy(message => message.Seq).ToList();
            Assert.True(stored.Count >= acknowledged[topic], $"{key}: {acknowledged[topic]} acknowledged, {stored.Count} stored");
            Assert.Equal(
                Enumerable.Range(1, stored.Count).Select(seq => ((long)seq, Appender.At(seq), Appender.Payload(topic, seq))),
                stored.Select(m => (m.Seq, m.At, m.Text())));
            Assert.Equal(stored.Count, (await store.History.ReadTopicTail(key)).LastSeq);
            Assert.Equal(
                stored.Select(m => (m.Seq, m.Text())),
                (await store.Sessions.ReadWhole(Appender.SessionKey(topic))).Select(q => (q.Number, q.Message!.Text())));
            acknowledged[topic] = stored.Count; // it was read, so it must stay
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static EndOfStreamException Ended() => new("The appender has ended.");

    private async Task HearTheRest()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            Hear(line);
        }

        await _process.WaitForExitAsync(patience.Token);
    }

    private void Hear(string line)
    {
        var words = line.Split(' ');
        switch (words[0])
        {
            case "stored":
                // Every reading is queued once, in the same transaction, so that both have the same number.
                Assert.Equal(words[2], words[3]);
                _acknowledged[int.Parse(words[1])] = long.Parse(words[2]);
                break;
            case "refused":
                Refused++;
                break;
        }
    }
}
