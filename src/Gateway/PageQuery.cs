using System.Globalization;
using OrleansIoT.Failures;

namespace OrleansIoT.Gateway;

/// <summary>How many items a page of a route has when the client does not say, and at most.</summary>
internal sealed record PageSize(int Default, int Max)
{
    /// <summary>What <c>limit</c> in the query string means.</summary>
    /// <param name="limit">As it was sent.</param>
    /// <param name="name">What the parameter is called.</param>
    /// <exception cref="FailureException">Invalid: not a whole number within the bounds.</exception>
    public int Parse(string? limit, string name = "limit") => string.IsNullOrEmpty(limit) ? Default
        : int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= Max
            ? number
            : throw new FailureException(Failure.Invalid, $"'{name}' is a whole number from 1 to {Max}.");
}
