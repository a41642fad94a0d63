using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class PasswordsTests
{
    [Fact]
    public async Task A_line_that_is_too_long_turns_away_at_once_and_serves_those_in_it()
    {
        using var passwords = new Passwords();
        var most = Environment.ProcessorCount * (Passwords.WaitingPerCore + 1);

        var inLine = new List<Task<string>>();
        Task<string> last;
        while (!(last = passwords.Hash("a password")).IsFaulted)
        {
            inLine.Add(last);
            Assert.InRange(inLine.Count, 1, most);
        }

        Assert.Equal(Failure.TooMany, (await Assert.ThrowsAsync<FailureException>(() => last)).Failure);
        Assert.All(await Task.WhenAll(inLine), hash => Assert.NotEmpty(hash));
        Assert.NotEmpty(await passwords.Hash("a password"));
    }
}
