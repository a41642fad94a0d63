using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Identity;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>Guessing passwords (H04, H05; NIST SP 800-63B section 5.2.2).</summary>
public sealed class SignInAttemptsTests : AccountTest
{
    [Fact]
    public void From_the_fifth_failure_on_each_doubles_the_wait_up_to_a_minute()
    {
        var clock = new ManualClock();
        var attempts = new SignInAttempts(clock);
        var waits = new List<double>();
        for (var i = 0; i < 14; i++)
        {
            attempts.Failed("");
            var wait = attempts.Wait("");
            waits.Add(wait?.TotalSeconds ?? 0);
            clock.Advance(wait ?? TimeSpan.Zero);
            Assert.Null(attempts.Wait(""));
        }

        Assert.Equal([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60], waits);
    }

    [Fact]
    public void A_success_and_ten_minutes_are_forgiven_and_another_source_is_another()
    {
        var clock = new ManualClock();
        var attempts = new SignInAttempts(clock);
        for (var i = 0; i < 20; i++)
        {
            attempts.Failed("one");
            attempts.Failed("two");
        }

        Assert.Null(attempts.Wait("three"));
        attempts.Succeeded("one");
        Assert.Null(attempts.Wait("one"));
        Assert.NotNull(attempts.Wait("two"));
        clock.Advance(SignInAttempts.Memory);
        Assert.True(attempts.IsEmpty);
        attempts.Failed("two");
        Assert.Null(attempts.Wait("two"));
    }

    [Fact] // H04
    public async Task Guessing_is_slowed_down_alike_for_who_is_there_and_who_is_not()
    {
        await AddUser();
        var known = await GuessUntilRefused("ada@example.org");
        var unknown = await GuessUntilRefused("nobody@example.org");

        Assert.Equal((5, Failure.TooMany, TimeSpan.FromSeconds(1)), (known.Guesses, known.Refusal.Failure, known.Refusal.RetryAfter));
        Assert.Equal((known.Guesses, known.Refusal.Message, known.Refusal.RetryAfter), (unknown.Guesses, unknown.Refusal.Message, unknown.Refusal.RetryAfter));
    }

    [Fact] // H05
    public async Task Who_guesses_from_many_addresses_waits_and_does_not_keep_the_owner_out()
    {
        await AddUser();
        await SignIn(address: "192.0.2.7");
        var guess = 0;
        while (true)
        {
            try
            {
                await SignIn(password: "a guess", address: $"198.51.100.{guess++}");
            }
            catch (FailureException e) when (e.Failure == Failure.TooMany)
            {
                break;
            }
            catch (FailureException e) when (e.Failure == Failure.NotSignedIn)
            {
            }
        }

        Assert.Equal(6, guess);
        await Refused(Failure.TooMany, () => SignIn(address: "203.0.113.1")); // right, but from where nobody has been
        await SignIn(address: "192.0.2.7");
        Clock.Advance(TimeSpan.FromSeconds(61));
        await SignIn(address: "203.0.113.1");
    }

    private async Task<(int Guesses, FailureException Refusal)> GuessUntilRefused(string email)
    {
        for (var guesses = 0; ; guesses++)
        {
            try
            {
                await SignIn(email, "a guess", "198.51.100.1");
                Assert.Fail("It was right.");
            }
            catch (FailureException e) when (e.Failure == Failure.TooMany)
            {
                return (guesses, e);
            }
            catch (FailureException e) when (e.Failure == Failure.NotSignedIn)
            {
            }
        }
    }
}
