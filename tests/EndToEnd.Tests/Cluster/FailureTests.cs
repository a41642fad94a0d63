using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>Processes of a cluster die, stand still and end: what was acknowledged is stored once, and everybody goes on.</summary>
public sealed class FailureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("the silo of the route table")]
    [InlineData("another silo")]
    [InlineData("an edge")]
    public async Task What_was_acknowledged_is_stored_once_and_devices_go_on_when_somebody_is_killed(string whom)
    {
        await using var cluster = await TestCluster.Start(silos: 2, edges: 2, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        await using var fleet = new Fleet(cluster, devices: 6);
        await using var asker = new Asker(admin);
        await fleet.HaveAcknowledged(5);

        var victim = whom switch
        {
            "an edge" => cluster.Edges[0],
            "another silo" => cluster.Silos[1],
            _ => cluster.Silos[0],
        };
        await victim.Kill();
        await fleet.HaveAcknowledged(5);
        await victim.StartAgain();
        await fleet.HaveAcknowledged(5);

        await fleet.Stop();
        await asker.WasServedOrToldToTryAgain();
        await EverythingIsStoredOnce(fleet, admin);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_publishes_readings_with_their_time_keeps_the_connection_when_a_silo_dies_or_ends(bool dies)
    {
        await using var cluster = await TestCluster.Start(silos: 3, edges: 1, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        var isOver = false;
        var acknowledged = new int[12];
        var devices = acknowledged.Select((_, number) => Task.Run(async () =>
        {
            await using var client = new MqttClient($"device-{number}");
            await client.Connect(cluster.Edges[0].MqttPort);
            while (!Volatile.Read(ref isOver))
            {
                var reading = acknowledged[number] + 1;
                var published = client.Publish($"devices/device-{number}/t", $$"""{"ts":{{1_700_000_000 + reading}},"n":{{reading}}}""");
                Assert.Same(published, await Task.WhenAny(published, client.Ended).WaitAsync(Patience));
                await published;
                Volatile.Write(ref acknowledged[number], reading);
            }
        })).ToList();
        await HaveAcknowledged(5);

        await (dies ? cluster.Silos[1].Kill() : cluster.Silos[1].Terminate());
        await HaveAcknowledged(5);
        await cluster.Silos[1].StartAgain();
        await HaveAcknowledged(5);
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(devices).WaitAsync(Patience);

        for (var number = 0; number < acknowledged.Length; number++)
        {
            var stored = (await admin.ReadAll($"devices/device-{number}/t", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"))
                .Select(reading => reading.GetProperty("value").GetProperty("n").GetInt32());
            Assert.Equal(Enumerable.Range(1, acknowledged[number]), stored);
        }

        Task HaveAcknowledged(int more)
        {
            var goals = acknowledged.Select((_, number) => Volatile.Read(ref acknowledged[number]) + more).ToList();
            return Task.WhenAny(
                Eventually.IsAsync(() => Task.FromResult(goals.Select((goal, number) => Volatile.Read(ref acknowledged[number]) >= goal).All(reached => reached))),
                Task.WhenAny(devices).Unwrap()).Unwrap();
        }
    }

    [Fact]
    public async Task Who_is_told_to_end_ends_what_it_has_begun_and_has_nothing_to_complain_of()
    {
        await using var cluster = await TestCluster.Start(silos: 2, edges: 1, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        await using var durable = new MqttClient("durable") { SessionExpiry = MqttClient.Forever };
        await durable.Connect(cluster.Edges[0].MqttPort, cleanStart: false);
        await durable.Subscribe("a/#");
        await durable.Publish("a/b", "1");

        foreach (var process in (IotProcess[])[cluster.Edges[0], cluster.Gateways[0], cluster.Silos[0], cluster.Silos[1]])
        {
            Assert.Equal(0, await process.Terminate());
            Assert.DoesNotContain(process.Output, line =>
                line.Contains("Unhandled exception", StringComparison.Ordinal) || line.Contains("ObjectDisposedException", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_silo_that_is_told_to_end_leaves_no_failed_request()
    {
        await using var cluster = await TestCluster.Start(silos: 2, edges: 0, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        for (var i = 0; i < 10; i++)
        {
            await admin.RegisterDevice($"meter-{i}");
        }

        var isOver = false;
        var asking = Task.Run(async () =>
        {
            var answers = new List<HttpStatusCode>();
            for (var i = 0; !Volatile.Read(ref isOver); i++)
            {
                answers.Add((await admin.Get($"/devices/meter-{i % 10}")).Status);
            }

            return answers;
        });
        Assert.Equal(0, await cluster.Silos[0].Terminate());
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/devices/meter-0")).Status);
        Volatile.Write(ref isOver, true);

        Assert.All(await asking.WaitAsync(Patience), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    /// <summary>As on a machine that is too busy: for a second and a half at a time, and a silo is dead after four.</summary>
    [Fact]
    public async Task A_silo_that_stands_still_again_and_again_is_not_declared_dead()
    {
        await using var cluster = await TestCluster.Start(silos: 2, edges: 0, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        for (var i = 0; i < 6; i++)
        {
            cluster.Silos[1].Signal(IotProcess.Stop);
            await Task.Delay(1_500); // there is no event: this is how long it stands
            cluster.Silos[1].Signal(IotProcess.Continue);
            Assert.Equal(HttpStatusCode.OK, (await admin.Get("/devices")).Status);
        }

        Assert.True(cluster.Silos[1].IsAlive);
        Assert.Equal("2", cluster.Ask("SELECT count(*) FROM orleans.membership WHERE status = 3"));
    }

    [Fact]
    public async Task A_silo_on_a_busy_machine_is_not_declared_dead()
    {
        await using var cluster = await TestCluster.Start(silos: 3, edges: 1, gateways: 0);
        await using var fleet = new Fleet(cluster, devices: 4);
        await fleet.HaveAcknowledged(5);
        var burners = Enumerable.Range(0, 10 * Environment.ProcessorCount).Select(_ => Process.Start("sh", ["-c", "while :; do :; done"])).ToList();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(20)); // there is no event: this is how long it is busy
        }
        finally
        {
            burners.ForEach(burner =>
            {
                burner.Kill();
                burner.Dispose();
            });
        }

        await fleet.HaveAcknowledged(5);
        Assert.Equal("3", cluster.Ask("SELECT count(*) FROM orleans.membership WHERE status = 3"));
        Assert.All(cluster.Silos, silo => Assert.True(silo.IsAlive));
    }

    [Fact]
    public async Task A_silo_that_was_given_up_and_wakes_up_stores_nothing_besides_the_others_and_ends()
    {
        await using var cluster = await TestCluster.Start(silos: 3, edges: 2, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        await using var fleet = new Fleet(cluster, devices: 12);
        await fleet.HaveAcknowledged(5);

        cluster.Silos[2].Signal(IotProcess.Stop); // with a third of the topics, in the middle of appends
        await fleet.HaveAcknowledged(5); // of the same topics, elsewhere
        cluster.Silos[2].Signal(IotProcess.Continue);
        await fleet.HaveAcknowledged(5);
        await cluster.Silos[2].Ends();

        await fleet.Stop();
        await EverythingIsStoredOnce(fleet, admin);
    }

    [Fact]
    public async Task The_will_of_a_client_whose_edge_was_killed_is_heard()
    {
        await using var cluster = await TestCluster.Start(silos: 1, edges: 2, gateways: 0);
        await using var watcher = new MqttClient("watcher");
        await watcher.Connect(cluster.Edges[1].MqttPort);
        await watcher.Subscribe("wills/#");
        await using var mortal = new MqttClient("mortal") { Will = new ConnectWill("wills/mortal", "gone"u8.ToArray(), Qos.AtLeastOnce, false) };
        await mortal.Connect(cluster.Edges[0].MqttPort);

        await cluster.Edges[0].Kill();

        await watcher.Until(received => received.Any(message => message.Text() == "gone"), Patience);
    }

    [Fact]
    public async Task Everything_goes_on_when_PostgreSQL_has_been_restarted()
    {
        using var server = new PostgresServer();
        await using var cluster = await TestCluster.StartOn(server, silos: 2, edges: 1, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        await using var fleet = new Fleet(cluster, devices: 4);
        await using var asker = new Asker(admin);
        await fleet.HaveAcknowledged(5);

        server.StopImmediately();
        server.Start();

        await fleet.HaveAcknowledged(5);
        await fleet.Stop();
        await asker.WasServedOrToldToTryAgain();
        Assert.All(cluster.Silos, silo => Assert.True(silo.IsAlive));
        await EverythingIsStoredOnce(fleet, admin);
    }

    private static async Task EverythingIsStoredOnce(Fleet fleet, IotClient admin)
    {
        foreach (var (topic, acknowledged) in fleet.Acknowledged)
        {
            var stored = (await admin.ReadAll(topic, "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"))
                .Select(reading => reading.GetProperty("value").GetInt32()).ToList();
            Assert.Equal(stored.Distinct(), stored);
            Assert.Subset(stored.ToHashSet(), acknowledged.ToHashSet());
        }
    }

    /// <summary>Somebody who reads and writes all the time.</summary>
    private sealed class Asker : IAsyncDisposable
    {
        private static readonly HttpStatusCode[] Served = [HttpStatusCode.OK, HttpStatusCode.Created];
        private static readonly HttpStatusCode[] TryAgain = [HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout];

        private readonly IotClient _client;
        private readonly ConcurrentQueue<HttpStatusCode> _answers = [];
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _asking;

        public Asker(IotClient client)
        {
            _client = client;
            _asking = Task.Run(Ask);
        }

        public async Task WasServedOrToldToTryAgain()
        {
            await _stopping.CancelAsync();
            await _asking.WaitAsync(Patience);
            Assert.Contains(HttpStatusCode.OK, _answers);
            Assert.All(_answers, answer => Assert.Contains(answer, Served.Concat(TryAgain)));
        }

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _asking.WaitAsync(Patience);
            _stopping.Dispose();
        }

        private async Task Ask()
        {
            for (var i = 0; !_stopping.IsCancellationRequested; i++)
            {
                using var registered = await _client.Http.PostAsJsonAsync("/devices", new { id = $"asked-{i}" }, CancellationToken.None);
                _answers.Enqueue(registered.StatusCode);
                using var read = await _client.Http.GetAsync(new Uri("/devices", UriKind.Relative), CancellationToken.None);
                _answers.Enqueue(read.StatusCode);
            }
        }
    }

    /// <summary>Devices with durable sessions that publish one reading after the other, and come back to the next edge when they are cut.</summary>
    private sealed class Fleet : IAsyncDisposable
    {
        private readonly TestCluster _cluster;
        private readonly CancellationTokenSource _stopping = new();
        private readonly SemaphoreSlim _acknowledgements = new(0);
        private readonly List<Task> _devices;

        public Fleet(TestCluster cluster, int devices)
        {
            _cluster = cluster;
            _devices = [.. Enumerable.Range(0, devices).Select(i => Task.Run(() => Run(i)))];
        }

        public ConcurrentDictionary<string, ConcurrentQueue<int>> Acknowledged { get; } = [];

        /// <summary>Complete when every device has had so many more acknowledgements.</summary>
        public async Task HaveAcknowledged(int more)
        {
            await Until(() => Acknowledged.Count == _devices.Count);
            var goals = Acknowledged.ToDictionary(device => device.Key, device => device.Value.Count + more);
            await Until(() => goals.All(goal => Acknowledged[goal.Key].Count >= goal.Value));
        }

        private async Task Until(Func<bool> condition)
        {
            using var limit = new CancellationTokenSource(Patience);
            while (!condition())
            {
                await _acknowledgements.WaitAsync(limit.Token);
            }
        }

        public async Task Stop()
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_devices).WaitAsync(Patience);
        }

        public async ValueTask DisposeAsync()
        {
            await Stop();
            _stopping.Dispose();
            _acknowledgements.Dispose();
        }

        private async Task Run(int number)
        {
            var id = $"device-{number}";
            var topic = $"devices/{id}/t";
            await using var client = new MqttClient(id) { SessionExpiry = MqttClient.Forever };
            var edge = number;
            var isConnected = false;
            for (var reading = 1; !_stopping.IsCancellationRequested; reading++)
            {
                Task? published = null;
                while (published is null or { IsCompletedSuccessfully: false })
                {
                    try
                    {
                        if (!isConnected)
                        {
                            await client.Connect(_cluster.Edges[edge++ % _cluster.Edges.Count].MqttPort, cleanStart: false);
                            isConnected = true;
                        }

                        published ??= client.Publish(topic, $"{reading}");
                        await Task.WhenAny(published, client.Ended).WaitAsync(Patience);
                        isConnected = !client.Ended.IsCompleted;
                    }
                    catch (Exception) when (!_stopping.IsCancellationRequested)
                    {
                        isConnected = false;
                        await Task.Delay(100); // nobody says when an edge listens again
                    }

                    if (_stopping.IsCancellationRequested)
                    {
                        return;
                    }
                }

                Acknowledged.GetOrAdd(topic, _ => []).Enqueue(reading);
                _acknowledgements.Release();
            }
        }
    }
}
