using System.Net;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Abstractions.Tests.Identity;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2:ffff::1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64")]
    [InlineData("::1", "::1", "::/64")]
    public void An_address_is_noted_as_it_is_and_counted_by_its_network(string address, string text, string network)
    {
        Assert.Equal(text, ClientAddress.Text(IPAddress.Parse(address)));
        Assert.Equal(network, ClientAddress.Network(IPAddress.Parse(address)));
    }

    [Fact]
    public void Where_there_is_none_there_is_none()
    {
        Assert.Equal("", ClientAddress.Text(null));
        Assert.Equal("", ClientAddress.Network(null));
    }
}
