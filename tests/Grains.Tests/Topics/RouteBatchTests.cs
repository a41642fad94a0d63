using OrleansIoT.Grains.Topics;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class RouteBatchTests
{
    [Theory]
    [InlineData(0, 10, new int[0])]
    [InlineData(1, 10, new[] { 1 })]
    [InlineData(2_500, 10, new[] { 1_000, 1_000, 500 })]
    [InlineData(5, 500_000, new[] { 2, 2, 1 })]
    [InlineData(3, 2_000_000, new[] { 1, 1, 1 })] // one has to go, however large it is
    public void A_call_has_as_many_routes_as_it_can_carry(int count, int length, int[] batches)
    {
        var filter = new string('a', length);
        var entries = Enumerable.Range(0, count)
            .Select(i => new RouteEntry($"t/{i}", i, "s1", true, null, null, [], [new Subscription(filter, Qos.AtLeastOnce)])).ToList();

        var all = RouteBatch.All(entries).ToList();

        Assert.Equal(batches, all.Select(batch => batch.Length));
        Assert.Equal(entries, all.SelectMany(batch => batch));
    }
}
