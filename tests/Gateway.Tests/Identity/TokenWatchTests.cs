using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>What an edge asks once a second about a connection that was made with a token.</summary>
public sealed class TokenWatchTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        await _gateway.Hears();
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_connection_ends_when_its_session_has_ended()
    {
        var connection = await Connect();
        await _gateway.HearsNews();
        Assert.False(connection.IsRevoked());

        _gateway.Grains.Sessions.Clear();
        _gateway.Grains.Revoked.Enqueue("default/u-1");
        await _gateway.HearsNews();

        await Eventually.Is(connection.IsRevoked);
        Assert.True(connection.IsRevoked());
    }

    [Fact]
    public async Task A_connection_ends_when_its_holder_has_other_rights()
    {
        var connection = await Connect();
        await _gateway.HearsNews();
        Assert.False(connection.IsRevoked());

        _gateway.Grains.Holders["default/u-1"] = Roles.Viewer;
        _gateway.Grains.Revoked.Enqueue("default/u-1");
        await _gateway.HearsNews();

        await Eventually.Is(connection.IsRevoked);
    }

    [Fact]
    public async Task A_connection_goes_on_when_it_was_about_another_session()
    {
        var connection = await Connect();
        _gateway.Grains.Revoked.Enqueue("default/u-1");
        for (var i = 0; i < 5; i++)
        {
            await _gateway.HearsNews();
            Assert.False(connection.IsRevoked());
        }
    }

    [Fact]
    public async Task While_nothing_is_heard_the_holder_is_asked_all_the_same()
    {
        var connection = await Connect();
        _gateway.Grains.RevocationsOutage = new TimeoutException();
        _gateway.Grains.Sessions.Clear();
        Assert.False(connection.IsRevoked());

        _gateway.Clock.Advance(TimeSpan.FromSeconds(4));

        await Eventually.Is(connection.IsRevoked);
    }

    [Fact]
    public async Task A_connection_ends_when_the_key_of_its_token_is_withdrawn_and_not_when_it_is_retired()
    {
        var connection = await Connect();
        KeyRotation.Rotate(_gateway.DataDirectory, atOnce: false, _gateway.Clock);
        for (var i = 0; i < 5; i++)
        {
            await _gateway.HearsNews();
            Assert.False(connection.IsRevoked());
        }

        KeyRotation.Rotate(_gateway.DataDirectory, atOnce: true, _gateway.Clock);
        await _gateway.HearsNews();

        await Eventually.Is(connection.IsRevoked);
    }

    private async Task<MqttToken> Connect() => (await _gateway.Services.CheckMqttToken(_gateway.Token(Roles.Operator)))!;
}
