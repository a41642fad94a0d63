using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Connections that last: whether what their token stands for has ended before the token.</summary>
internal sealed class TokenWatches(Revocations revocations, TokenKeys keys, TokenAdmission admission, TimeProvider clock)
{
    /// <summary>While nothing is heard of revocations, a connection's holder is asked this often.</summary>
    private static readonly TimeSpan WhileDeaf = TimeSpan.FromSeconds(3);

    /// <returns>To be asked once a second. It answers at once: two numbers are compared, and only when they differ is the holder asked, in the background.</returns>
    public Func<bool> Watch(AdmittedToken admitted, string token) => new TokenWatch(this, admitted, token).IsRevoked;

    private sealed class TokenWatch(TokenWatches all, AdmittedToken admitted, string token)
    {
        private readonly Caller _caller = admitted.Caller;
        private readonly string _holder = Revocations.HolderOf(admitted.Caller.Tenant, admitted.Caller.Subject);
        private readonly string _everybody = Revocations.HolderOf(admitted.Caller.Tenant, "");
        private RememberedTokens.Moment _moment = admitted.Moment;
        private long _askedAt = all.Clock.GetTimestamp();
        private int _isAsking;
        private volatile bool _isRevoked;

        public bool IsRevoked()
        {
            if (_isRevoked || Volatile.Read(ref _isAsking) == 1)
            {
                return _isRevoked;
            }

            var now = new RememberedTokens.Moment(all.Revocations.Stamp(_holder, _everybody), all.Keys.Withdrawals);
            var isDue = !all.Revocations.IsFresh && all.Clock.GetElapsedTime(_askedAt) >= WhileDeaf;
            if (now != _moment || isDue)
            {
                _isAsking = 1;
                _askedAt = all.Clock.GetTimestamp();
                _ = Ask(now);
            }

            return _isRevoked;
        }

        private async Task Ask(RememberedTokens.Moment moment)
        {
            try
            {
                var isSigned = admitted.Proved.KeyId is not { } kid || all.Keys.ToVerify(kid, _caller.Kind) is not null;
                _isRevoked = !isSigned
                    || await all.Admission.AskHolder(admitted.Proved, token) is not { } now
                    || !HasSameRights(now);
                _moment = moment;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Nobody could say, and the grain's side has logged why; the next second asks again.
            }
            finally
            {
                Volatile.Write(ref _isAsking, 0);
            }
        }

        /// <summary>A connection has the rights that it began with; with others it begins anew.</summary>
        private bool HasSameRights(Caller now) =>
            now.Roles == _caller.Roles
            && (now.Grants.IsDefault ? [] : now.Grants).AsSpan().SequenceEqual((_caller.Grants.IsDefault ? [] : _caller.Grants).AsSpan());
    }

    private Revocations Revocations => revocations;

    private TokenKeys Keys => keys;

    private TokenAdmission Admission => admission;

    private TimeProvider Clock => clock;
}
