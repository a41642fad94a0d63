using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Net.Http.Headers;

namespace OrleansIoT.Gateway.Dashboard;

/// <summary>
/// The files of the web app, each compressed as the client takes it: by the build where it has left <c>.br</c> or <c>.gz</c>
/// beside the file, and on the way else.
/// </summary>
internal sealed class DashboardFiles : IDisposable
{
    private static readonly (string Encoding, string Ending)[] Encodings = [("br", ".br"), ("gzip", ".gz")];

    private readonly PhysicalFileProvider _files;
    private readonly FileExtensionContentTypeProvider _types = new();

    public DashboardFiles(string folder) => _files = new PhysicalFileProvider(folder);

    public void Use(IApplicationBuilder app)
    {
        app.Use(ChooseEncoding);
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = _files,
            ContentTypeProvider = new CompressedTypes(_types),
            OnPrepareResponse = Prepare,
        });
    }

    public void Dispose() => _files.Dispose();

    /// <summary>A file of the name, and none that only stands beside one.</summary>
    public bool Has(PathString path) =>
        path.Value is { Length: > 1 } name
        && name != "/index.html" // the page is written with its base
        && !Encodings.Any(encoding => name.EndsWith(encoding.Ending, StringComparison.Ordinal))
        && _types.TryGetContentType(name, out _)
        && _files.GetFileInfo(name) is { Exists: true, IsDirectory: false };

    private Task ChooseEncoding(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        foreach (var (encoding, ending) in Encodings)
        {
            if (accepted.Any(one => one.Value == encoding && one.Quality is not 0) && _files.GetFileInfo(request.Path + ending).Exists)
            {
                request.Path += ending;
                break;
            }
        }

        return next(context);
    }

    private static void Prepare(StaticFileResponseContext file)
    {
        var (request, response) = (file.Context.Request, file.Context.Response);
        PageHeaders.Set(response);

        // Names below assets have the hash of what is in them, so that what they name never changes.
        response.Headers.CacheControl = request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
        if (Encodings.FirstOrDefault(one => request.Path.Value!.EndsWith(one.Ending, StringComparison.Ordinal)) is { Encoding: { } encoding })
        {
            response.Headers.ContentEncoding = encoding;
        }
    }

    /// <summary>The type of a compressed file is that of what was compressed.</summary>
    private sealed class CompressedTypes(FileExtensionContentTypeProvider types) : IContentTypeProvider
    {
        public bool TryGetContentType(string subpath, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string contentType)
        {
            var ending = Encodings.Select(one => one.Ending).FirstOrDefault(one => subpath.EndsWith(one, StringComparison.Ordinal));
            return types.TryGetContentType(ending is null ? subpath : subpath[..^ending.Length], out contentType);
        }
    }
}
