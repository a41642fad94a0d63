using OrleansIoT.EndToEnd.Tests;

namespace OrleansIoT.Dashboard.Tests;

/// <summary>One backend for the tests of a class, which leave each other's things alone. To start one takes longer than most of them.</summary>
public class SharedIot : IAsyncLifetime
{
    public IotProcess Iot { get; private set; } = null!;

    public virtual async Task InitializeAsync() => Iot = await IotProcess.Start();

    public async Task DisposeAsync() => await Iot.DisposeAsync();
}
