using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// Tokens that were admitted, by their hash, so that the next request with the same one costs a look-up. An entry ends with
/// its token, after a minute, when the rights of its holder may have changed, and when a key was withdrawn; while nothing is
/// heard of revocations, there are none. Two generations bound their number: what was not asked for while half as many as
/// are allowed came in is forgotten.
/// </summary>
internal sealed class RememberedTokens(
    Revocations revocations, TokenKeys keys, IOptions<GatewayOptions> options, TimeProvider clock)
{
    /// <summary>However long a token lives, it is looked at again.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly int _perGeneration = options.Value.RememberedTokens / 2;
    private readonly Lock _turning = new();
    private Generation _young = new();
    private Generation _old = new();

    /// <summary>How many are held at most, of which some may have ended.</summary>
    public int Count => Volatile.Read(ref _young).Entries.Count + Volatile.Read(ref _old).Entries.Count;

    public AdmittedToken? Find(in TokenHash hash)
    {
        var isYoung = Volatile.Read(ref _young).Entries.TryGetValue(hash, out var entry);
        if (!isYoung && !Volatile.Read(ref _old).Entries.TryGetValue(hash, out entry))
        {
            return null;
        }

        // A clock that was set back is not trusted to measure a minute.
        var age = clock.GetUtcNow().UtcTicks - entry!.Since;
        if (age < 0 || age >= entry.Lifetime || !revocations.IsFresh
            || entry.Token.Moment != MomentOf(entry.Holder, entry.Everybody))
        {
            return null;
        }

        if (!isYoung)
        {
            Keep(hash, entry);
        }

        return entry.Token;
    }

    /// <summary>To be taken before its holder is asked: what changes meanwhile shows afterwards.</summary>
    /// <param name="caller">Whom the token names.</param>
    /// <param name="withdrawals">The <see cref="TokenKeys.Withdrawals"/> of before it was validated.</param>
    public Moment Before(Caller caller, long withdrawals) => new(
        revocations.Stamp(Revocations.HolderOf(caller.Tenant, caller.Subject), Revocations.HolderOf(caller.Tenant, "")), withdrawals);

    public void Add(in TokenHash hash, AdmittedToken token)
    {
        var now = clock.GetUtcNow();
        var lifetime = Math.Min((token.Caller.ExpiresAt - now).Ticks, Longest.Ticks);
        if (lifetime > 0 && _perGeneration > 0 && revocations.IsFresh)
        {
            var (tenant, subject) = (token.Caller.Tenant, token.Caller.Subject);
            Keep(hash, new Entry(
                token, now.UtcTicks, lifetime, Revocations.HolderOf(tenant, subject), Revocations.HolderOf(tenant, "")));
        }
    }

    private Moment MomentOf(string holder, string everybody) => new(revocations.Stamp(holder, everybody), keys.Withdrawals);

    private void Keep(in TokenHash hash, Entry entry)
    {
        var young = Volatile.Read(ref _young);
        if (young.Entries.TryAdd(hash, entry))
        {
            if (Interlocked.Increment(ref young.Count) >= _perGeneration)
            {
                Turn(young);
            }
        }
        else
        {
            young.Entries[hash] = entry;
        }
    }

    private void Turn(Generation full)
    {
        lock (_turning)
        {
            if (ReferenceEquals(_young, full))
            {
                Volatile.Write(ref _old, full);
                Volatile.Write(ref _young, new Generation());
            }
        }
    }

    /// <summary>What must be the same for an entry to be good: nothing about its holder was heard, and no key was withdrawn.</summary>
    internal readonly record struct Moment(long Stamp, long Withdrawals);

    private sealed class Generation
    {
        public readonly ConcurrentDictionary<TokenHash, Entry> Entries = new();
        public int Count;
    }

    private sealed record Entry(
        AdmittedToken Token, long Since, long Lifetime, string Holder, string Everybody);
}
