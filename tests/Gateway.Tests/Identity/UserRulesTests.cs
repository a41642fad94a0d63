using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class UserRulesTests
{
    [Theory]
    [InlineData("admin@localhost")]
    [InlineData("ada.lovelace+iot@example.org")]
    [InlineData("a/b@example.org")]
    [InlineData("jürgen@müller.example")]
    public void It_is_an_email(string email) => Assert.True(UserRules.IsEmail(email, out _));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("@example.org")]
    [InlineData("ada@")]
    [InlineData("a@b@c")]
    [InlineData("ada lovelace@example.org")]
    [InlineData("ada@example.org\n")]
    [InlineData("ada\0@example.org")]
    [InlineData("ada\u200b@example.org")]
    [InlineData("ada\u00a0@example.org")]
    public void It_is_no_email(string? email)
    {
        Assert.False(UserRules.IsEmail(email, out var why));
        Assert.Contains("name@domain", why, StringComparison.Ordinal);
    }

    [Fact]
    public void An_email_has_its_lengths()
    {
        Assert.True(UserRules.IsEmail($"{new string('a', 64)}@{new string('b', 189)}", out _));
        Assert.False(UserRules.IsEmail($"{new string('a', 65)}@b", out _));
        Assert.False(UserRules.IsEmail($"{new string('a', 64)}@{new string('b', 190)}", out _));
    }

    [Theory]
    [InlineData("A", true)]
    [InlineData("Ada King, Countess of Lovelace", true)]
    [InlineData("<script>", true)]
    [InlineData("温", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData(" Ada", false)]
    [InlineData("Ada ", false)]
    [InlineData("A\tda", false)]
    [InlineData("A\u202eda", false)]
    public void A_user_name_is_printable(string? username, bool valid) => Assert.Equal(valid, UserRules.IsUsername(username, out _));

    [Fact] // outside of the data above, which does not survive the test runner's own UTF-8
    public void Half_a_character_is_none()
    {
        Assert.False(UserRules.IsEmail("ada\ud800@example.org", out _));
        Assert.False(UserRules.IsUsername("A\udc00", out _));
    }

    [Fact]
    public void A_user_name_has_a_hundred_characters_of_any_script()
    {
        Assert.True(UserRules.IsUsername(string.Concat(Enumerable.Repeat("😀", 100)), out _));
        Assert.False(UserRules.IsUsername(string.Concat(Enumerable.Repeat("😀", 101)), out _));
    }

    [Theory]
    [InlineData("12345679")]
    [InlineData("correct horse battery staple")]
    [InlineData("        ")]
    [InlineData("пароль-это")]
    public void It_is_a_password(string password) => Assert.True(UserRules.IsPassword(password, "ada@example.org", "Ada", out _));

    [Theory]
    [InlineData(null, "8 to 128")]
    [InlineData("", "8 to 128")]
    [InlineData("1234567", "8 to 128")]
    [InlineData("😀😀😀😀", "8 to 128")]
    [InlineData("Ada@Example.org", "not the email")]
    [InlineData("countess", "not the email or the user name")]
    [InlineData("12345678", "most common")]
    [InlineData("PassWord", "most common")]
    public void It_is_no_password_and_the_rule_is_told(string? password, string rule)
    {
        Assert.False(UserRules.IsPassword(password, "ada@example.org", "Countess", out var why));
        Assert.Contains(rule, why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_has_an_end()
    {
        Assert.True(UserRules.IsPassword(new string('x', 128), "a@b", "a", out _));
        Assert.False(UserRules.IsPassword(new string('x', 129), "a@b", "a", out _));
    }
}
