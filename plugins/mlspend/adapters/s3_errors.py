"""What S3 and botocore raise, in our words: who must act, what to do, and whether another try may help."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    MlspendError,
    StoreAccessDenied,
    StoreUnavailable,
)

_DENIED = {"403", "401", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_GONE = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REPLACED = {"412", "PreconditionFailed"}
# botocore repeats these by themselves, except the status; whoever still gets them has waited through all its attempts.
_THROTTLED = {"429", "SlowDown", "RequestLimitExceeded", "RequestThrottled", "TooManyRequestsException"}
_THROTTLED |= {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException"}
_THROTTLED |= {"BandwidthLimitExceeded", "KMS.ThrottlingException"}
_SLOW = {"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete", "OperationAborted"}
_RENEW = "renew them (log in again, or correct the connection or the role), then land again"
_ADVICE = {
    "InvalidObjectState": "the object is archived: restore it to a storage class that can be read at once",
    "RequestTimeTooSkewed": "this machine's clock differs from the store's by minutes: set the clock",
    "PermanentRedirect": "the bucket is in another region: set that region in the connection or in AWS_DEFAULT_REGION",
    "301": "the bucket is in another region: set that region in the connection or in AWS_DEFAULT_REGION",
}


@contextmanager
def s3_errors(uri: str) -> Iterator[None]:
    """Turn what boto3 raises about `uri` into ours, with the cause kept."""
    try:
        yield
    except ClientError as error:
        raise _translate(uri, error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreAccessDenied(
            f"{uri}: no AWS credentials ({error}); set the connection or the AWS environment"
        ) from error
    except (CredentialRetrievalError, LoginError, NoAuthTokenError, SSOError, TokenRetrievalError) as error:
        raise StoreAccessDenied(f"{uri}: credentials could not be had ({error}); {_RENEW}") from error
    except ParamValidationError as error:
        raise StoreAccessDenied(
            f"{uri} cannot be the name of a bucket and a prefix in it: correct the location"
        ) from error
    except (BotoCoreError, HTTPError, ResponseParserError) as error:
        raise StoreUnavailable(f"{uri}: the store did not answer properly ({error}); try again") from error


def _translate(uri: str, error: ClientError) -> MlspendError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    both = {code, status}
    advice = _ADVICE.get(code) or _ADVICE.get(status)
    if both & _REPLACED:
        return ExportReplaced(f"{uri} was replaced while the export was being read: try again")
    if both & _EXPIRED:
        return StoreAccessDenied(f"{uri}: the credentials have expired ({code}); {_RENEW}")
    if advice:
        return StoreAccessDenied(f"{uri}: the store refused the request ({code}): {advice}")
    if both & _THROTTLED:
        return StoreUnavailable(
            f"{uri}: the store asks for fewer requests ({code or status}), also after waiting: try again"
        )
    if both & _SLOW:
        return StoreUnavailable(f"{uri}: the store did not answer properly ({code}); try again")
    if both & _DENIED:
        return StoreAccessDenied(f"{uri}: access denied ({code}); check credentials, s3:ListBucket and s3:GetObject")
    if both & _GONE:
        return ExportNotDelivered(f"{uri} is not there ({code}): correct the location, or wait for the export")
    if status.startswith("4"):
        return StoreAccessDenied(f"{uri}: the store refused the request ({code}: {error})")
    return StoreUnavailable(f"{uri}: the store did not answer properly ({code or status}); try again")
