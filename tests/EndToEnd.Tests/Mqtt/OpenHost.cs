using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>The product, open to clients without credentials; one for all tests of this room.</summary>
public sealed class OpenHost : IAsyncLifetime
{
    private IotHost _host = null!;

    public int Port => _host.MqttPort;

    public async Task InitializeAsync() => _host = await IotHost.Start(options: options =>
    {
        options.Anonymous = "#";
        options.DeviceRate = 0;
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();
}

[CollectionDefinition(nameof(OpenHost))]
public sealed class OpenHostTests : ICollectionFixture<OpenHost>;
