using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Abstractions.Tests.Identity;

public sealed class GrainKeyTests
{
    [Theory]
    [InlineData("default", "meter-7")]
    [InlineData("default", "devices/meter-7/t")]
    [InlineData("t", "/leading//and/trailing/")]
    public void A_key_is_parsed_back_whatever_slashes_the_name_has(string tenant, string name) =>
        Assert.Equal(new GrainKey(tenant, name), GrainKey.Parse(new GrainKey(tenant, name).ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("default")]
    [InlineData("default/")]
    [InlineData("/name")]
    public void Half_a_key_is_none(string key) => Assert.Throws<FormatException>(() => GrainKey.Parse(key));
}
