using System.Net.Sockets;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>
/// A client with a durable session that connects again whenever its connection is cut, and insists that the server still
/// has the session.
/// </summary>
internal sealed class DurableClient(Broker broker, string id, MqttVersion version, params Subscription[] subscriptions) : IAsyncDisposable
{
    private TaskCompletionSource _leaving = new();
    private Task _staying = Task.CompletedTask;

    public MqttClient Client { get; } = new(id, version) { SessionExpiry = MqttClient.Forever };

    public IReadOnlyList<Subscription> Subscriptions => subscriptions;

    /// <summary>Fails if the server forgets the session; it completes when the client leaves.</summary>
    public Task Staying => _staying;

    /// <summary>Begins the session, subscribes, and stays connected from now on.</summary>
    public async Task<DurableClient> Begin()
    {
        Assert.False((await Client.Connect(broker.Port, cleanStart: false)).SessionPresent);
        if (subscriptions.Length > 0)
        {
            var answer = await Client.Subscribe(null, subscriptions);
            Assert.Equal(subscriptions.Select(subscription => (ReasonCode)subscription.MaximumQos), answer.Reasons);
        }

        _staying = Stay();
        return this;
    }

    /// <summary>Is cut and stays away.</summary>
    public async Task Leave()
    {
        _leaving.TrySetResult();
        try
        {
            await _staying;
        }
        finally
        {
            await Client.DisposeAsync();
        }
    }

    /// <summary>Connects again and stays.</summary>
    public void Return()
    {
        _leaving = new TaskCompletionSource();
        _staying = Stay();
    }

    public async ValueTask DisposeAsync() => await Leave();

    private async Task Stay()
    {
        while (await Task.WhenAny(Client.Ended, _leaving.Task) != _leaving.Task)
        {
            await broker.Listening.WaitAsync(MqttClient.Patience);
            try
            {
                var answer = await Client.Connect(broker.Port, cleanStart: false);
                Assert.Equal(ReasonCode.Success, answer.Reason);
                Assert.True(answer.SessionPresent, $"{id}'s session is gone.");
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // It was killed again meanwhile.
            }
        }
    }
}
