using System.Diagnostics;
using System.Globalization;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>
/// What the tests of sessions talk to: the product in a process of its own, open to clients without credentials. Whoever
/// works on the tests can try them against a mosquitto first, whose path the variable TEST_BROKER then has: a second
/// opinion about the specification. It stores when it ends, so it is ended where the product is killed.
/// </summary>
public abstract class Broker : IAsyncDisposable
{
    private TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public abstract int Port { get; }

    /// <summary>The product behind it, or null if this is a foreign one.</summary>
    public virtual IotProcess? Iot => null;

    /// <summary>Completes as soon as it listens, at once if it does.</summary>
    public Task Listening => _listening.Task;

    public static async Task<Broker> Start()
    {
        Broker broker = Environment.GetEnvironmentVariable("TEST_BROKER") is { Length: > 0 } path
            ? new Mosquitto(path)
            : new Product(await IotProcess.Start("--anonymous", "#", "--device-rate", "0"));
        await broker.Launch();
        broker._listening.SetResult();
        return broker;
    }

    /// <summary>Kills it in the middle of whatever it does, and starts it again on the same port and the same data.</summary>
    public async Task KillAndStartAgain()
    {
        _listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Kill();
        await Launch();
        _listening.SetResult();
    }

    public abstract ValueTask DisposeAsync();

    protected abstract Task Kill();

    protected abstract Task Launch();

    private sealed class Product(IotProcess iot) : Broker
    {
        private bool _wasKilled;

        public override int Port => iot.MqttPort;

        public override IotProcess Iot => iot;

        public override ValueTask DisposeAsync() => iot.DisposeAsync();

        protected override Task Kill()
        {
            _wasKilled = true;
            return iot.Kill();
        }

        protected override Task Launch() => _wasKilled ? iot.StartAgain() : Task.CompletedTask;
    }

    private sealed class Mosquitto(string path) : Broker
    {
        private readonly string _data = Directory.CreateDirectory(IotProcess.NewDataDirectory()).FullName;
        private Process? _process;

        public override int Port { get; } = LocalPort.Free();

        public override async ValueTask DisposeAsync()
        {
            await Kill();
            Directory.Delete(_data, recursive: true);
        }

        protected override async Task Kill()
        {
            using var terminate = Process.Start("kill", _process!.Id.ToString(CultureInfo.InvariantCulture));
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        protected override async Task Launch()
        {
            var configuration = Path.Combine(_data, "mosquitto.conf");
            await File.WriteAllTextAsync(configuration, $"""
                listener {Port} 127.0.0.1
                allow_anonymous true
                persistence true
                persistence_location {_data}/
                allow_duplicate_messages true
                max_queued_messages 0
                max_inflight_messages 0
                log_dest file {_data}/log
                log_type all
                user root

                """);
            _process = Process.Start(path, ["-c", configuration]);
            while (!LocalPort.Listens(Port))
            {
                Assert.False(_process.HasExited, "mosquitto has ended.");
            }
        }
    }
}
