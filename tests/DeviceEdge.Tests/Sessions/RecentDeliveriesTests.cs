using OrleansIoT.DeviceEdge.Sessions;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

public sealed class RecentDeliveriesTests
{
    [Fact]
    public void A_delivery_that_comes_again_is_known_and_one_without_a_number_never_is()
    {
        var recent = new RecentDeliveries();
        Assert.True(recent.IsNew(7));
        Assert.False(recent.IsNew(7));
        Assert.True(recent.IsNew(8));
        Assert.True(recent.IsNew(0));
        Assert.True(recent.IsNew(0));
    }

    [Fact]
    public void Only_the_last_ones_are_remembered()
    {
        var recent = new RecentDeliveries();
        for (var number = 1L; number <= 65_537; number++)
        {
            recent.IsNew(number);
        }

        Assert.True(recent.IsNew(1));
        Assert.False(recent.IsNew(65_537));
    }
}
