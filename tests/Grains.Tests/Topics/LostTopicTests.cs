using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>A topic on a silo that is dead and not declared dead yet, so that nobody can reach it for seconds.</summary>
public sealed class LostTopicTests : GrainTest
{
    private const string Now = "devices/meter/now";

    private readonly Unreachable _silo = new();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
        var routes = Host.Services.GetRequiredService<Routes>();
        routes.BelongTo(new Alone());
        routes.Renew(long.MaxValue);
    }

    protected override void Configure(WebApplicationBuilder builder) => builder.Services
        .AddSingleton<IOutgoingGrainCallFilter>(_silo)
        .Configure<GrainsOptions>(options => options.TransientPrefixes = [Now]);

    [Fact]
    public async Task What_its_publisher_says_with_a_time_of_its_own_is_given_to_it_until_another_silo_has_it()
    {
        await Publish("meter", Timed("meter", 1));
        _silo.IsAway = true;
        var published = Publish("meter", Timed("meter", 2), Timed("meter", 3));
        await Eventually.Is(() => _silo.Refused > 4);
        Assert.False(published.IsCompleted);

        _silo.IsAway = false;
        Assert.Empty((await published).Failures);
        Assert.Equal([1, 2, 3], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    [Fact]
    public async Task What_has_no_answer_is_given_to_it_once_more_and_stored_once()
    {
        await Publish("meter", Timed("meter", 1));
        _silo.LosesAnswers = 1;

        Assert.Empty((await Publish("meter", Timed("meter", 2))).Failures);

        Assert.Equal([1, 2], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    [Fact]
    public async Task What_was_stored_without_an_answer_is_recognised_when_it_is_given_to_it_once_more()
    {
        _silo.BreaksAnswers = 2;

        Assert.Empty((await Publish("meter", Untimed("meter", 2, "a", packetId: 5))).Failures);
        Assert.Empty((await Publish("meter", Untimed("meter", 3, "a", packetId: 5, dup: true))).Failures);

        Assert.Single(await Stored("devices/meter/t"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_may_be_stored_is_refused_later_only_where_it_would_be_recognised_when_it_is_sent_anew(bool hasOwnTime)
    {
        var client = await Connect("meter");
        _silo.BreaksAnswers = 1;
        var given = 0;
        _silo.OnAppend = () =>
        {
            if (++given == 2)
            {
                throw new FailureException(Failure.Unavailable, "The store is away.");
            }
        };

        var published = client.Publish(Untimed("meter", 1, "a", packetId: 5) with { HasOwnTime = hasOwnTime });

        if (hasOwnTime)
        {
            Assert.Equal(Failure.Unavailable, Assert.Single((await published).Failures).Failure);
        }
        else
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => published);
        }
    }

    [Theory]
    [InlineData(Qos.AtLeastOnce, 2)]
    [InlineData(Qos.ExactlyOnce, 1)]
    public async Task What_a_topic_without_a_history_may_have_delivered_is_given_to_it_again_only_where_twice_is_allowed(Qos qos, int times)
    {
        var client = await Connect("meter");
        var given = 0;
        _silo.BreaksAnswers = 1;
        _silo.OnAppend = () => given++;

        var published = client.Publish(Timed("meter", 1, topic: Now, packetId: 5) with { Qos = qos });

        if (qos == Qos.ExactlyOnce)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => published);
        }
        else
        {
            Assert.Empty((await published).Failures);
        }

        Assert.Equal(times, given);
    }

    [Fact]
    public async Task What_an_edge_gives_again_is_not_delivered_twice_by_a_topic_without_a_history_where_that_is_promised()
    {
        var viewer = await ConnectUser("vera", Roles.Viewer);
        await viewer.Subscribe("devices/#", Qos.ExactlyOnce);
        var message = Timed("meter", 1, "a", Now, packetId: 5) with { Qos = Qos.ExactlyOnce };
        await Publish("meter", message);
        Assert.Equal("a", Text(Assert.Single((await viewer.Next()).Messages)));

        var refused = Assert.Single((await Publish("meter", message with { IsRepeat = true })).Failures);
        await Publish("meter", message with { Payload = "b"u8.ToArray(), PacketId = 6 });

        Assert.Equal(Failure.Unavailable, refused.Failure);
        Assert.Equal("b", Text(Assert.Single((await viewer.Next()).Messages)));
    }

    [Fact]
    public async Task Whether_what_comes_again_is_stored_is_found_out_also_beside_one_like_it()
    {
        await Publish("meter", Untimed("meter", 1, "same", packetId: 1));
        _silo.BreaksAnswers = 100;
        var published = Publish("meter", Untimed("meter", 2, "same", packetId: 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => published);
        _silo.BreaksAnswers = 0;

        Assert.Empty((await Publish("meter", Untimed("meter", 3, "same", packetId: 1, dup: true))).Failures);

        Assert.Equal([1, 2], (await Stored("devices/meter/t")).Select(reading => reading.At.Minute));
    }

    /// <summary>It has stood still; its devices have given to others what it is about to give to the topic.</summary>
    [Fact]
    public async Task A_publisher_whose_silo_is_not_heard_any_more_gives_nothing_to_it()
    {
        var routes = Host.Services.GetRequiredService<Routes>();
        var client = await Connect("meter");
        _silo.OnAppend = () =>
        {
            routes.Renew(0);
            throw new FailureException(Failure.Conflict, "The topic goes on in another activation.");
        };

        var published = client.Publish(Untimed("meter", 1, "a", packetId: 5));
        await Eventually.Is(() => !routes.IsHeard);
        var given = 0;
        _silo.OnAppend = () => given++;

        var refused = Assert.Single((await published).Failures);
        Assert.Equal((Failure.Unavailable, 0), (refused.Failure, given));
    }

    [Fact]
    public async Task What_it_would_not_recognise_is_for_its_device_to_send_again()
    {
        await Publish("meter", Timed("meter", 1));
        _silo.IsAway = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => Publish("meter", Untimed("meter", 1, "a", packetId: 0)));
        Assert.Equal(1, _silo.Refused);
    }

    [Fact]
    public async Task What_is_given_to_it_once_more_while_it_waits_for_the_routes_is_stored_once()
    {
        var routes = Host.Services.GetRequiredService<Routes>();
        routes.Renew(0);
        var first = Append(Timed("meter", 1));
        var again = Append(Timed("meter", 1, dup: true), Timed("meter", 2));
        await Task.Delay(100); // both are with the topic by then, and nobody says so
        routes.Renew(long.MaxValue);

        Assert.Equal(1, await first + await again);
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
    }

    private Task<int> Append(params TelemetryMessage[] messages) => As(
        Caller.Device(Tenant, "meter"), () => Grains.Topic(Tenant, "devices/meter/t").Append([.. messages], "meter", false));

    private sealed class Unreachable : IOutgoingGrainCallFilter
    {
        private int _refused;

        public bool IsAway { get; set; }

        /// <summary>Of so many calls the answer is that it broke.</summary>
        public int BreaksAnswers;

        public Action OnAppend { get; set; } = () => { };

        /// <summary>Of so many calls the answer is lost on its way.</summary>
        public int LosesAnswers;

        public int Refused => _refused;

        public Task Invoke(IOutgoingGrainCallContext context)
        {
            if (context.InterfaceMethod.Name != nameof(ITopicGrain.Append))
            {
                return context.Invoke();
            }

            OnAppend();
            if (!IsAway)
            {
                return Interlocked.Decrement(ref LosesAnswers) >= 0 ? Lose(context)
                    : Interlocked.Decrement(ref BreaksAnswers) >= 0 ? Break(context)
                    : context.Invoke();
            }

            Interlocked.Increment(ref _refused);
            throw new InvalidOperationException("Unable to connect to the silo.");
        }

        private static async Task Break(IOutgoingGrainCallContext context)
        {
            await context.Invoke();
            throw new InvalidOperationException("The connection broke.");
        }

        private static async Task Lose(IOutgoingGrainCallContext context)
        {
            await context.Invoke();
            await new TaskCompletionSource().Task;
        }
    }
}
