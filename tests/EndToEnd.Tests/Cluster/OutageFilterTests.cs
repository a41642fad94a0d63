using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Networking.Shared;
using Orleans.Runtime.Messaging;
using Orleans.Serialization;
using Orleans.Storage;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Silo.Cluster.Orleans;
using OrleansIoT.Topics;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>What callers are told when silos or their store do not answer.</summary>
public sealed class OutageFilterTests
{
    private readonly ManualClock _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public static TheoryData<Exception> Undelivered => new(
        (Exception)Activator.CreateInstance(
            typeof(OrleansMessageRejectionException), BindingFlags.Instance | BindingFlags.NonPublic, null, ["No gateways available"], null)!,
        new ConnectionFailedException("Unable to connect"),
        new SocketConnectionException("refused"),
        new GatewayTooBusyException(),
        new OrleansException("No active nodes are compatible with grain topic and interface iot.ITopicGrain version 0."));

    public static TheoryData<Exception> Unanswered => new(
        new SiloUnavailableException("The target silo became unavailable"),
        new ConnectionResetException("reset"),
        new ConnectionAbortedException("aborted"),
        new EndOfStreamException());

    public static TheoryData<Exception> Refused => new(
        new InconsistentStateException("changed", "1", "2"),
        new OrleansException("storage", new FailureException(Failure.Unavailable, "The store cannot be read now.")));

    [Theory]
    [MemberData(nameof(Undelivered))]
    public async Task What_was_not_delivered_is_sent_again_until_somebody_takes_it(Exception rejection)
    {
        var call = new Call(rejection, rejection, null);
        var filtered = Filter(call);
        while (!filtered.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        await filtered;
        Assert.Equal(3, call.Attempts);
    }

    [Theory]
    [MemberData(nameof(Undelivered))]
    public async Task What_nobody_takes_is_refused_as_not_done_while_its_caller_still_waits(Exception rejection)
    {
        var began = _clock.GetUtcNow();
        var filtered = Filter(new Call(rejection));
        while (!filtered.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        Assert.Equal(Failure.Unavailable, (await Assert.ThrowsAsync<FailureException>(() => filtered)).Failure);
        Assert.InRange(_clock.GetUtcNow() - began, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(6));
    }

    /// <summary>A connection that breaks may reject what it has sent, and a reading without a time of its own would be stored twice.</summary>
    [Theory]
    [MemberData(nameof(Undelivered))]
    public async Task An_append_and_a_publication_are_sent_once_and_their_callers_see_what_became_of_them(Exception rejection)
    {
        foreach (var method in new[] { typeof(ITopicGrain).GetMethod(nameof(ITopicGrain.Append))!, typeof(IClientGrain).GetMethod(nameof(IClientGrain.Publish))! })
        {
            var call = new Call(rejection, null) { Method = method };
            Assert.Same(rejection, await Assert.ThrowsAnyAsync<Exception>(() => Filter(call)));
            Assert.Equal(1, call.Attempts);
        }
    }

    [Theory]
    [MemberData(nameof(Unanswered))]
    public async Task What_may_have_been_done_is_not_done_again_and_its_outcome_is_open(Exception loss)
    {
        var call = new Call(loss);
        await Assert.ThrowsAsync<TimeoutException>(() => Filter(call));
        Assert.Equal(1, call.Attempts);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_the_store_refuses_may_be_tried_again_by_the_caller(Exception refusal)
    {
        var call = new Call(refusal);
        Assert.Equal(Failure.Unavailable, (await Assert.ThrowsAsync<FailureException>(() => Filter(call))).Failure);
        Assert.Equal(1, call.Attempts);
    }

    [Fact]
    public async Task A_call_that_was_under_way_when_a_silo_was_lost_is_not_waited_for_and_a_later_one_is()
    {
        using var losses = new SiloLosses();
        var answer = new TaskCompletionSource();
        var before = losses.Watch(answer.Task);
        losses.Add();
        var after = losses.Watch(answer.Task);
        await Assert.ThrowsAsync<TimeoutException>(() => before.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(after.IsCompleted);
        answer.SetResult();
        await after;
    }

    [Fact]
    public async Task An_answer_that_comes_by_way_of_others_counts()
    {
        using var losses = new SiloLosses();
        var answer = new TaskCompletionSource();
        var call = losses.Watch(answer.Task);
        losses.Add();
        answer.SetResult();
        await call;
    }

    [Fact]
    public async Task A_bug_and_a_refusal_stay_what_they_are()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Filter(new Call(new InvalidOperationException("a bug"))));
        var refusal = new FailureException(Failure.Conflict, "There is one.");
        Assert.Same(refusal, await Assert.ThrowsAsync<FailureException>(() => Filter(new Call(refusal))));
    }

    /// <summary>They are at the bottom of what grains throw, and Orleans knows no codec for them.</summary>
    [Fact]
    public void An_exception_of_the_store_gets_to_the_caller_and_can_be_read_there()
    {
        using var services = new ServiceCollection().AddSerializer().AddOutages().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer<Exception>>();
        foreach (var cause in new Exception[]
                 {
                     new NpgsqlException("away", new IOException("reset")),
                     new PostgresException("the database system is shutting down", "FATAL", "FATAL", "57P01"),
                     new OrleansIoT.History.SequenceConflictException("7 is there"),
                 })
        {
            var failure = new FailureException(Failure.Unavailable, "The store cannot be read now.", cause) { RetryAfter = TimeSpan.FromSeconds(3) };
            var read = Assert.IsType<FailureException>(serializer.Deserialize(serializer.SerializeToArray(failure)));
            Assert.Equal((failure.Failure, failure.Message, failure.RetryAfter), (read.Failure, read.Message, read.RetryAfter));
            Assert.Equal(cause.Message, read.InnerException!.Message);
            Assert.Contains(cause.Message, read.ToString(), StringComparison.Ordinal);
        }
    }

    private Task Filter(Call call) => new OutageFilter(_clock, NullLogger<OutageFilter>.Instance).Invoke(call.Context);

    /// <summary>A call that ends as it is told, each time that it is sent; the last end stays.</summary>
    private sealed class Call
    {
        private readonly Exception?[] _ends;

        public Call(params Exception?[] ends)
        {
            _ends = ends;
            Context = DispatchProxy.Create<IOutgoingGrainCallContext, ContextByHand>();
            ((ContextByHand)Context).Send = Send;
        }

        public IOutgoingGrainCallContext Context { get; }

        public MethodInfo Method { init => ((ContextByHand)Context).Method = value; }

        public int Attempts { get; private set; }

        private Task Send() => _ends[Math.Min(Attempts++, _ends.Length - 1)] is { } end ? Task.FromException(end) : Task.CompletedTask;
    }
}

/// <summary>The part of a call's context that the filter looks at; engines have different members besides.</summary>
public class ContextByHand : DispatchProxy
{
    public Func<Task> Send { get; set; } = null!;

    public MethodInfo Method { get; set; } = typeof(IDeviceGrain).GetMethod(nameof(IDeviceGrain.Remove))!;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IOutgoingGrainCallContext.Invoke) => Send(),
        "get_InterfaceMethod" => Method,
        "get_InterfaceName" => nameof(IDeviceGrain),
        "get_MethodName" => nameof(IDeviceGrain.Remove),
        "get_SourceContext" => null,
        _ => throw new NotSupportedException(targetMethod.ToString()),
    };
}
