using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>What the product is for, with a process for each part: in by two edges, out by two gateways, and a silo less in between.</summary>
public sealed class MainJobTests
{
    [Fact]
    public async Task Both_series_go_in_by_an_edge_each_and_come_back_by_the_gateway_that_did_not_register_their_devices()
    {
        await using var cluster = await TestCluster.Start(silos: 3, edges: 2, gateways: 2);
        using var first = await IotClient.Administrator(cluster.Gateways[0]);
        using var second = await IotClient.Administrator(cluster.Gateways[1]);
        var office = await first.RegisterDevice("office");
        var machine = await second.RegisterDevice("machine");

        var sent = await Task.WhenAll(
            ForeignClient.MosquittoPub(
                cluster.Edges[0], "office", office, "devices/office/temperature", SensorSeries.AmbientTemperature.Payloads, "5"),
            ForeignClient.Paho(
                cluster.Edges[1], "machine", machine, "devices/machine/temperature", SensorSeries.MachineTemperature.Payloads));
        Assert.All(sent, result => result.Succeeded());

        await SensorSeries.AmbientTemperature.MustBeAll(7_267, second, "devices/office/temperature");
        await SensorSeries.MachineTemperature.MustBeAll(22_695, first, "devices/machine/temperature");

        await cluster.Silos[1].Kill();
        await SensorSeries.MachineTemperature.MustBeAll(22_695, second, "devices/machine/temperature");
    }
}
