using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>What the audit hears of CONNECT.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task A_device_that_is_let_in_is_not_noted_and_one_that_is_refused_is()
    {
        await using var edge = await TestEdge.Start();
        Assert.Equal(ReasonCode.Success, (await edge.TryConnect(MqttDevice.Credentials("meter-7", "key")))!.Reason);
        Assert.Empty(edge.Grains.Audit.Entries);

        edge.Device.OnConnect = () => throw new FailureException(Failure.NotSignedIn, "The key is wrong.");
        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await edge.TryConnect(MqttDevice.Credentials("meter-7", "my secret")))!.Reason);

        Assert.Equal(
            new AuditEntry
            {
                At = edge.Clock.GetUtcNow(),
                Tenant = "default",
                Actor = AuditActor.Nobody,
                Name = "meter-7",
                Address = "127.0.0.1",
                Action = "MqttConnect",
                Result = AuditResult.Refused,
                Status = 0x86,
                Failure = "not_signed_in",
                Reason = "The key is wrong.",
            },
            Assert.Single(edge.Grains.Audit.Entries));
        Assert.Contains(": Refused a connection as meter-7 from ", Assert.Single(edge.Log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("kT0wYd5uQx1pZr8vNs2bLm6cHj4gFa9eUi3oWq7tRyE")] // has the length of a key
    public async Task A_user_name_that_may_be_a_secret_is_not_noted(string userName)
    {
        await using var edge = await TestEdge.Start();
        edge.Grains[userName].OnConnect = () => throw new FailureException(Failure.NotSignedIn, "The key is wrong.");

        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await edge.TryConnect(MqttDevice.Credentials(userName, "meter-7")))!.Reason);

        Assert.DoesNotContain(userName, Assert.Single(edge.Grains.Audit.Entries).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(userName, Assert.Single(edge.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_away_is_a_failure()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnConnect = () => throw new FailureException(Failure.Unavailable, "The store cannot be read now.");

        await edge.TryConnect(MqttDevice.Credentials("meter-7", "key"));

        Assert.Equal((AuditResult.Failed, "unavailable"), (edge.Grains.Audit.Entries.Single().Result, edge.Grains.Audit.Entries.Single().Failure));
    }

    [Fact]
    public async Task A_client_that_is_refused_all_day_is_a_few_entries_a_minute_and_their_number()
    {
        await using var edge = await TestEdge.Start();
        for (var i = 0; i < 12; i++)
        {
            await edge.TryConnect(new ConnectPacket { ClientId = "c", Version = MqttVersion.V500, Password = Encoding.UTF8.GetBytes("a.b") });
        }

        Assert.Equal(5, edge.Grains.Audit.Entries.Count);
        edge.Clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually.Is(() => edge.Grains.Audit.Entries.Count == 6);
        Assert.Equal(12, edge.Grains.Audit.Entries.Sum(entry => entry.Count));
    }
}
