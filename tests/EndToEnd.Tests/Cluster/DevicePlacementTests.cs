using System.Net;
using Orleans.Runtime.Placement;
using OrleansIoT.Silo.Cluster.Orleans;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>On which silo grains come to life.</summary>
public sealed class DevicePlacementTests
{
    private static readonly SiloAddress[] Silos = [.. Enumerable.Range(1, 4).Select(i => SiloAddress.New(IPAddress.Parse($"10.0.0.{i}"), 11111, 1_000 + i))];

    [Theory]
    [InlineData("device", "default/meter-")]
    [InlineData("topic", "default/plant/")]
    public async Task Every_silo_gets_as_much_as_the_next(string type, string prefix)
    {
        var shares = new Dictionary<SiloAddress, int>();
        for (var i = 0; i < 4_000; i++)
        {
            var silo = await Place(type, $"{prefix}{i}", Silos);
            shares[silo] = shares.GetValueOrDefault(silo) + 1;
        }

        Assert.All(Silos, silo => Assert.InRange(shares[silo], 850, 1_150));
    }

    [Theory]
    [InlineData("t")]
    [InlineData("t/deep/below")]
    public async Task A_device_and_its_own_topics_are_together(string topic)
    {
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(await Place("device", $"acme/m{i}", Silos), await Place("topic", $"acme/devices/m{i}/{topic}", Silos));
        }
    }

    [Fact]
    public async Task The_same_name_in_another_tenant_or_without_a_device_is_anywhere()
    {
        var together = 0;
        for (var i = 0; i < 400; i++)
        {
            var device = await Place("device", $"acme/m{i}", Silos);
            together += (device == await Place("topic", $"other/devices/m{i}/t", Silos) ? 1 : 0) + (device == await Place("topic", $"acme/devices/m{i}", Silos) ? 1 : 0);
        }

        Assert.InRange(together, 120, 280); // of 800, by chance
    }

    [Fact]
    public async Task When_a_silo_goes_only_what_it_had_moves_and_goes_everywhere()
    {
        var heirs = new HashSet<SiloAddress>();
        for (var i = 0; i < 1_000; i++)
        {
            var before = await Place("device", $"default/m{i}", Silos);
            var after = await Place("device", $"default/m{i}", Silos[1..]);
            if (before == Silos[0])
            {
                heirs.Add(after);
            }
            else
            {
                Assert.Equal(before, after);
            }
        }

        Assert.Equal(3, heirs.Count);
    }

    private static Task<SiloAddress> Place(string type, string key, SiloAddress[] silos) => new DevicePlacementDirector().OnAddActivation(
        new DevicePlacement(), new PlacementTarget(GrainId.Create(type, key), [], default, 0), new Context(silos));

    private sealed class Context(SiloAddress[] silos) : IPlacementContext
    {
        public SiloAddress LocalSilo => silos[0];

        public SiloStatus LocalSiloStatus => SiloStatus.Active;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => silos;

        public IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target) => new Dictionary<ushort, SiloAddress[]>();
    }
}
