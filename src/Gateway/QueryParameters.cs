using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;

namespace OrleansIoT.Gateway;

/// <summary>A parameter that nobody reads is a wish that nobody hears, so it is refused.</summary>
internal static class QueryParameters
{
    private const int LongestName = 40;

    /// <exception cref="FailureException">Invalid: there is another parameter, or one of these is there twice.</exception>
    public static void TakesOnly(this HttpContext context, params ReadOnlySpan<string> names) => Check(context, "", names);

    /// <param name="context">The request.</param>
    /// <param name="many">Another parameter, which may be there more than once.</param>
    /// <param name="names">Those that may be there once.</param>
    /// <exception cref="FailureException">Invalid: there is another parameter, or one of the names is there twice.</exception>
    public static void TakesOnlyWithMany(this HttpContext context, string many, params ReadOnlySpan<string> names) =>
        Check(context, many, [many, .. names]);

    private static void Check(HttpContext context, string many, ReadOnlySpan<string> names)
    {
        foreach (var (name, values) in context.Request.Query)
        {
            if (!Has(names, name))
            {
                throw new FailureException(Failure.Invalid,
                    $"'{(name.Length > LongestName ? name[..LongestName] : name)}' is not a parameter of this address. It takes: {string.Join(", ", names)}.");
            }

            if (values.Count > 1 && !name.Equals(many, StringComparison.OrdinalIgnoreCase))
            {
                throw new FailureException(Failure.Invalid, $"'{name}' is there {values.Count} times; it can be there once.");
            }
        }
    }

    private static bool Has(ReadOnlySpan<string> names, string name)
    {
        foreach (var known in names)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase)) // as the server reads them
            {
                return true;
            }
        }

        return false;
    }
}
