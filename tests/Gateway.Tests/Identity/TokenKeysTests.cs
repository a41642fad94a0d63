using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;

namespace OrleansIoT.Gateway.Tests.Identity;

[UnsupportedOSPlatform("windows")]
public sealed class TokenKeysTests : IDisposable
{
    private readonly TemporaryFolder _data = new();
    private readonly ManualClock _clock = new();

    private string Folder => Path.Combine(_data.Path, "keys");

    private string File => Path.Combine(Folder, "access-tokens.pem");

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_key_is_made_once_for_its_owner_alone()
    {
        using var first = Open();
        using var second = Open();

        Assert.Equal(first.Ring.Signing.KeyId, second.Ring.Signing.KeyId);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Folder));
        Assert.Equal([File], Directory.GetFiles(Folder));
    }

    [Fact]
    public void Of_several_who_make_it_at_once_all_have_the_same_key()
    {
        using var start = new Barrier(8);
        var ids = new string[8];
        var threads = Enumerable.Range(0, ids.Length).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            using var key = Open();
            ids[i] = key.Ring.Signing.KeyId;
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Single(ids.Distinct());
        Assert.Equal([File], Directory.GetFiles(Folder));
    }

    [Fact]
    public void What_a_crash_left_behind_is_not_taken_for_the_key()
    {
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        System.IO.File.WriteAllText(File + ".abc", "-----BEGIN PRIV");

        using var key = Open();

        Assert.NotEmpty(key.Ring.Signing.KeyId);
    }

    [Fact]
    public void A_failed_draft_leaves_nothing_behind()
    {
        Assert.Throws<InvalidOperationException>(() => PrivateFile.ReadOrCreate(File, () => throw new InvalidOperationException()));

        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_key_that_others_may_reach_is_refused(UnixFileMode others)
    {
        Open().Dispose();
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);

        Assert.Contains("600", Assert.Throws<UnauthorizedAccessException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_others_may_reach_is_refused()
    {
        Open().Dispose();
        System.IO.File.SetUnixFileMode(Folder, System.IO.File.GetUnixFileMode(Folder) | UnixFileMode.OtherWrite);

        Assert.Contains("700", Assert.Throws<UnauthorizedAccessException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact] // J18
    public void A_key_that_is_none_of_ours_is_refused_at_the_start()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        Open().Dispose();
        foreach (var pem in new[]
                 { "", "-----BEGIN PRIV", p384.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), p256.ExportSubjectPublicKeyInfoPem() })
        {
            System.IO.File.WriteAllText(File, pem);
            Assert.Contains(File, Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_gateway_without_its_key_does_not_start()
    {
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        System.IO.File.WriteAllText(File, "no key");
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        await Assert.ThrowsAsync<InvalidDataException>(() => GatewayHost.Start(options => options.DataDirectory = _data.Path));
    }

    private TokenKeys Open() => new(Options.Create(new GatewayOptions { DataDirectory = _data.Path }), _clock, NullLogger<TokenKeys>.Instance);
}
