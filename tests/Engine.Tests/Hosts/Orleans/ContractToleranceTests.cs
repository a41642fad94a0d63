using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using OrleansIoT.Sessions;

namespace OrleansIoT.Engine.Tests.Hosts.Orleans;

/// <summary>
/// Silos of two versions run together while a cluster is updated: the one before knows less fields of a contract, and the next
/// one more.
/// </summary>
public sealed class ContractToleranceTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void A_field_that_a_process_does_not_know_is_passed_over()
    {
        var next = new NextSettlement(7, true, "why", [1, 2, 3]);
        Assert.Equal(new Settlement(7, true), Read<Settlement>(Write(next)));
    }

    [Fact]
    public void A_field_that_the_one_before_did_not_send_has_its_default()
    {
        var opened = Read<SessionOpened>(Write(new SessionOpenedBefore("d/c", true, true, [], [], [4], 5, 6)));
        Assert.Equal("d/c", opened.Session);
        Assert.Equal(6, opened.Last);
        Assert.Equal<ushort>([4], opened.Received);
        Assert.Null(opened.Silo);
    }

    [Fact]
    public void What_this_version_sends_the_one_before_reads()
    {
        var before = Read<SessionOpenedBefore>(Write(new SessionOpened("d/c", true, false, [], [], [], 5, 6, "silo")));
        Assert.Equal(("d/c", 5, 6), (before.Session, before.Sent, before.Last));
    }

    private byte[] Write<T>(T value) => _services.GetRequiredService<Serializer<T>>().SerializeToArray(value);

    private T Read<T>(byte[] bytes) => _services.GetRequiredService<Serializer<T>>().Deserialize(bytes);
}

/// <summary><see cref="Settlement"/> as a later version may have it.</summary>
[GenerateSerializer, Immutable, Alias("iot.tests.NextSettlement")]
public readonly record struct NextSettlement(
    [property: Id(0)] long Number,
    [property: Id(1)] bool IsComplete,
    [property: Id(2)] string Why,
    [property: Id(3)] ImmutableArray<int> More);

/// <summary><see cref="SessionOpened"/> as it was before clusters.</summary>
[GenerateSerializer, Immutable, Alias("iot.tests.SessionOpenedBefore")]
public sealed record SessionOpenedBefore(
    [property: Id(0)] string Session,
    [property: Id(1)] bool IsPresent,
    [property: Id(2)] bool IsDurable,
    [property: Id(3)] ImmutableArray<Subscription> Subscriptions,
    [property: Id(4)] ImmutableArray<string> Denied,
    [property: Id(5)] ImmutableArray<ushort> Received,
    [property: Id(6)] long Sent,
    [property: Id(7)] long Last);
