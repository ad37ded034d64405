# Written by tools/generate.py from schemas/*.openapi.json.
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict, overload

from shipline.transport.settings import Network

class BuildMasterRelease(TypedDict, total=False):
    id: int
    number: str | None
    releaseNumber: str | None
    name: str | None
    releaseName: str | None
    sequence: int | None
    template: str | None
    status: str | None
    createdBy: str | None
    createdOn: str | None
    canceledBy: str | None
    canceledOn: str | None
    targetDate: str | None
    applicationId: int | None
    applicationName: str | None
    pipelineName: str | None
    furthestBuildId: int | None
    furthestBuildNumber: str | None
    latestBuildId: int | None
    latestBuildNumber: str | None
    deployables: list[Any] | None

class BuildMasterBuild(TypedDict, total=False):
    id: int
    number: str | None
    buildNumber: str | None
    status: str | None
    createdBy: str | None
    createdOn: str | None
    rejectedBy: str | None
    rejectedOn: str | None
    pipelineName: str | None
    furthestStage: str | None
    applicationId: int | None
    applicationName: str | None
    releaseId: int | None
    releaseNumber: str | None
    releaseName: str | None

class BuildMasterDeployment(TypedDict, total=False):
    id: int
    plan: str | None
    status: str | None
    started: str | None
    ended: str | None
    createdBy: str | None
    createdOn: str | None
    canceledBy: str | None
    canceledOn: str | None
    pipelineName: str | None
    pipelineStageName: str | None
    environmentId: int | None
    environmentName: str | None
    applicationId: int | None
    applicationName: str | None
    releaseId: int | None
    releaseNumber: str | None
    releaseName: str | None
    buildId: int | None
    buildNumber: str | None
    packageId: int | None
    packageNumber: str | None

class BuildMasterHealth(TypedDict, total=False):
    applicationName: str
    versionNumber: str | None
    releaseNumber: str | None
    databaseStatus: str | None
    databaseStatusDetails: str | None
    licenseStatus: str | None
    licenseStatusDetail: str | None
    serviceStatus: str | None
    serviceStatusDetail: str | None
    extensionsInstalled: dict[str, Any] | None

class CentercodeDataPackage(TypedDict, total=False):
    paging: dict[str, Any] | None
    fields: list[dict[str, Any]] | None
    data: list[list[dict[str, Any]]]

class CentercodeRecordLookup(TypedDict, total=False):
    data: list[dict[str, Any]]

class CentercodeListenerMacroAccepted(TypedDict, total=False):
    statusEndpoint: str

class CentercodeListenerMacroStatus(TypedDict, total=False):
    status: str

class CentercodeCommentRequest(TypedDict, total=False):
    author: str
    message: str

class CentercodeListenerCommentCreated(TypedDict, total=False):
    author: str | None
    message: str | None

class CentercodeListenerDataSaved(TypedDict, total=False):
    fields: list[dict[str, Any]]

class CentercodeUserImport(TypedDict, total=False):
    email: str

class CentercodeUserImportAccepted(TypedDict, total=False):
    statusEndpoint: str

class CentercodeUserImportStatus(TypedDict, total=False):
    status: str

class CentercodeFeedbackCreated(TypedDict, total=False):
    id: str | None
    key: str
    url: str | None
    fileElements: list[dict[str, Any]] | None

class CentercodeFileAttachmentCreated(TypedDict, total=False):
    id: str | None
    fileElementKey: str | None
    fileName: str | None
    feedbackKey: str | None
    feedbackUrl: str | None

class CentercodeReleaseRequest(TypedDict, total=False):
    title: str
    subtitle: str
    releaseValue: str
    body: str
    startDate: str
    endDate: str
    isClickThroughNotice: bool
    ftpBucketFiles: list[dict[str, Any]]
    links: list[CentercodeLink]

class CentercodeLink(TypedDict, total=False):
    label: str
    url: str
    size: int
    sizeUnit: str
    openInNewWindow: bool
    includeInDownloadBlock: bool
    logDownloadAttempts: bool

class CentercodeReleaseCreated(TypedDict, total=False):
    id: str | None
    title: str | None
    subtitle: str | None
    releaseValue: str | None
    body: str | None
    startDate: str | None
    endDate: str | None
    isClickThroughNotice: bool | None
    ftpBucketFiles: list[dict[str, Any]] | None
    links: list[dict[str, Any]] | None
    url: str | None
    status: str | None

class CentercodeError(TypedDict, total=False):
    status: int
    description: str

class CentercodeInvalidParameter(TypedDict, total=False):
    status: int
    description: str
    invalidParameters: list[dict[str, Any]]

class V3ReleaseRequest(TypedDict, total=False):
    name: str
    version: str
    channel: str
    platforms: list[str]
    private: bool
    notes: str
    productId: str
    createdAt: str

class V3ReleaseUpdate(TypedDict, total=False):
    name: str
    version: str
    channel: str
    platforms: list[str]
    private: bool
    notes: str
    productId: str
    createdAt: str

class V3ReleaseFileRequest(TypedDict, total=False):
    name: str
    url: str
    size: int
    checksum: str
    secured: bool
    releaseId: str

class V3Release(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    channel: str | None
    version: str | None
    platforms: list[str] | None
    platform: str | None
    notes: str | None
    totalFiles: int | None
    publishedAt: str | None
    files: list[V3ReleaseFile] | None
    published: bool | None
    private: bool | None
    archived: bool | None
    productId: str | None
    tenantId: str | None

class V3UserRelease(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    channel: str | None
    version: str | None
    platforms: list[str] | None
    notes: str | None
    totalFiles: int | None
    files: list[V3ReleaseFile] | None
    product: dict[str, Any] | None

class V3ReleaseFile(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    url: str | None
    size: int | None
    downloads: int | None
    extension: str | None
    checksum: str | None
    secured: bool | None
    published: bool | None
    releaseId: str | None
    releaseName: str | None

class V3ReleasePlatformRequest(TypedDict, total=False):
    name: str
    displayName: str
    description: str
    productIds: list[str]

class V3ReleasePlatform(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    displayName: str | None
    description: str | None
    productIds: list[str] | None

class V3ReleaseChannelRequest(TypedDict, total=False):
    name: str
    displayName: str
    description: str
    productIds: list[str]

class V3ReleaseChannel(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    displayName: str | None
    description: str | None
    productIds: list[str] | None

class V3ReleaseCreated(TypedDict, total=False):
    event: Any
    data: V3Release
    triggeredAt: str

class V3Error(TypedDict, total=False):
    code: str | None
    message: str | None

class V3ReleaseFileCreated(TypedDict, total=False):
    event: Any
    data: V3ReleaseFile
    triggeredAt: str

class V3WebhookRequest(TypedDict, total=False):
    name: str
    url: str
    token: str
    active: bool
    events: list[str]

class V3WebhookUpdate(TypedDict, total=False):
    name: str
    url: str
    token: str
    active: bool
    events: list[str]

class V3Webhook(TypedDict, total=False):
    id: str
    createdAt: str | None
    updatedAt: str | None
    name: str | None
    url: str | None
    token: str | None
    active: bool | None
    events: list[str] | None

class V3WebhookEventLog(TypedDict, total=False):
    id: str | int
    createdAt: str | None

class CentercodeFeedbackCreatedWithAttachments(CentercodeFeedbackCreated, total=False):
    attachments: list[CentercodeFileAttachmentCreated]

class V3ReleaseWithAllowed(V3Release, total=False):
    allowed: bool

class BuildMaster:
    warnings: tuple[str, ...]
    def __init__(self, url: str, key: str, *, network: Network | None = ..., allow_http: bool = ..., file_server: str = ..., key_name: str = ..., url_name: str = ...) -> None: ...
    def get_releases(self, *, application_id: int | None = ..., application_name: str | None = ..., release_id: int | None = ..., release_number: str | None = ..., release_name: str | None = ..., pipeline_name: str | None = ..., status: str | None = ...) -> list[BuildMasterRelease]:
        """Releases that fit all filters; some servers ignore filters."""
    def create_release(self, *, release_number: str, pipeline_name: str, application_id: int | str | None = ..., application_name: str | None = ..., release_name: str | None = ..., variables: Mapping[str, str] | None = ...) -> BuildMasterRelease:
        """Creates a release."""
    def create_release_from_template(self, *, release_number: str, template: str, application_id: int | str | None = ..., application_name: str | None = ..., release_name: str | None = ..., pipeline_name: str | None = ..., variables: Mapping[str, str] | None = ...) -> BuildMasterRelease:
        """Creates a release from a template (before BuildMaster 2025)."""
    def cancel_release(self, *, release_id: int | str | None = ..., release_number: str | None = ..., application_id: int | str | None = ..., application_name: str | None = ..., reason: str | None = ...) -> Any:
        """Cancels a release, which then accepts no builds until restored."""
    def restore_release(self, *, release_id: int | str | None = ..., release_number: str | None = ..., application_id: int | str | None = ..., application_name: str | None = ...) -> Any:
        """Makes a canceled release active again."""
    def get_builds(self, *, application_id: int | None = ..., application_name: str | None = ..., release_id: int | None = ..., release_number: str | None = ..., release_name: str | None = ..., build_id: int | None = ..., build_number: str | None = ..., pipeline_name: str | None = ..., furthest_stage: str | None = ..., status: str | None = ...) -> list[BuildMasterBuild]:
        """Builds that fit all filters; some servers ignore filters."""
    def create_build(self, *, release_id: int | str | None = ..., release_number: str | None = ..., application_id: int | str | None = ..., application_name: str | None = ..., pipeline_name: str | None = ..., build_number: str | None = ..., variables: Mapping[str, str] | None = ...) -> BuildMasterBuild:
        """Creates a build in an active release without deploying it."""
    def get_deployments(self, *, application_id: int | None = ..., application_name: str | None = ..., release_id: int | None = ..., release_number: str | None = ..., release_name: str | None = ..., build_id: int | None = ..., build_number: str | None = ..., deployment_id: int | None = ..., pipeline_name: str | None = ..., pipeline_stage_name: str | None = ..., environment_id: int | None = ..., environment_name: str | None = ..., status: str | None = ...) -> list[BuildMasterDeployment]:
        """Deployments that fit all filters; some servers ignore filters."""
    def deploy_build(self, *, build_id: int | str | None = ..., build_number: str | None = ..., release_id: int | str | None = ..., release_number: str | None = ..., application_id: int | str | None = ..., application_name: str | None = ..., to_stage: str | None = ..., force: bool | None = ..., start_time: str | None = ..., variables: Mapping[str, str] | None = ..., wait: bool = ..., timeout: float = ...) -> list[BuildMasterDeployment] | BuildMasterDeployment:
        """Deploys a build to a stage, by default the next."""
    def reject_build(self, *, build_id: int | str | None = ..., build_number: str | None = ..., release_id: int | str | None = ..., release_number: str | None = ..., application_id: int | str | None = ..., application_name: str | None = ...) -> Any:
        """Rejects a build."""
    def health(self) -> BuildMasterHealth:
        """The version, and the state of database, license and service."""

class Centercode:
    warnings: tuple[str, ...]
    def __init__(self, url: str, key: str, *, network: Network | None = ..., allow_http: bool = ..., file_server: str = ..., key_name: str = ..., url_name: str = ...) -> None: ...
    def community_user_data_package(self, *, report_element_key: str, page: int | str | None = ..., all_pages: bool = ...) -> CentercodeDataPackage | str:
        """Up to 1000 rows of a report on community users."""
    def community_project_data_package(self, *, report_element_key: str, page: int | str | None = ..., all_pages: bool = ...) -> CentercodeDataPackage | str:
        """Up to 1000 rows of a report on projects."""
    def project_user_data_package(self, *, project_key: str, report_element_key: str, page: int | str | None = ..., all_pages: bool = ...) -> CentercodeDataPackage | str:
        """Up to 1000 rows of a report on a project's users."""
    def project_feedback_data_package(self, *, project_key: str, report_element_key: str, page: int | str | None = ..., all_pages: bool = ...) -> CentercodeDataPackage | str:
        """Up to 1000 rows of a report on feedback."""
    def community_user_lookup(self, *, report_element_key: str, find: str) -> CentercodeRecordLookup | str:
        """A community user's record in a report."""
    def community_project_lookup(self, *, report_element_key: str, find: str) -> CentercodeRecordLookup | str:
        """A project's record in a report."""
    def project_user_lookup(self, *, project_key: str, report_element_key: str, find: str) -> CentercodeRecordLookup | str:
        """A project user's record in a report."""
    def project_feedback_lookup(self, *, project_key: str, report_element_key: str, find: str) -> CentercodeRecordLookup | str:
        """A feedback's record in a report."""
    def community_user_macro(self, *, listener_key: str, find: str, wait: bool = ..., timeout: float = ...) -> CentercodeListenerMacroAccepted | CentercodeListenerMacroStatus:
        """Each call queues a macro on a community user."""
    def community_user_macro_status(self, *, listener_key: str, status_id: str) -> CentercodeListenerMacroStatus:
        """A macro's status."""
    def project_user_macro(self, *, project_key: str, listener_key: str, find: str, wait: bool = ..., timeout: float = ...) -> CentercodeListenerMacroAccepted | CentercodeListenerMacroStatus:
        """Each call queues a macro on a project's user."""
    def project_user_macro_status(self, *, project_key: str, listener_key: str, status_id: str) -> CentercodeListenerMacroStatus:
        """A macro's status."""
    def project_feedback_macro(self, *, project_key: str, listener_key: str, find: str, wait: bool = ..., timeout: float = ...) -> CentercodeListenerMacroAccepted | CentercodeListenerMacroStatus:
        """Each call queues a macro on a feedback."""
    def project_feedback_macro_status(self, *, project_key: str, listener_key: str, status_id: str) -> CentercodeListenerMacroStatus:
        """A macro's status."""
    def community_user_comment(self, *, listener_key: str, find: str, data: Any = ..., author: str | None = ..., message: str | None = ...) -> CentercodeListenerCommentCreated:
        """Each call adds a comment to a user's profile."""
    def project_user_comment(self, *, project_key: str, listener_key: str, find: str, data: Any = ..., author: str | None = ..., message: str | None = ...) -> CentercodeListenerCommentCreated:
        """Each call adds a comment to a user's project profile."""
    def project_feedback_comment(self, *, project_key: str, listener_key: str, find: str, data: Any = ..., author: str | None = ..., message: str | None = ...) -> CentercodeListenerCommentCreated:
        """Each call adds a comment to a feedback."""
    def community_user_data(self, *, listener_key: str, find: str, data: Any = ..., performance: str | float | bool | None = ...) -> CentercodeListenerDataSaved:
        """Saves data to a user's community profile."""
    def project_user_data(self, *, project_key: str, listener_key: str, find: str, data: Any = ..., subscription: str | float | bool | None = ...) -> CentercodeListenerDataSaved:
        """Saves data to a user's project profile."""
    def project_feedback_data(self, *, project_key: str, listener_key: str, find: str, data: Any = ..., crashlog: str | float | bool | None = ...) -> CentercodeListenerDataSaved:
        """Saves data to a feedback."""
    @overload
    def community_user_import(self, *, source_key: str, email: str, data: Mapping[str, Any] | None = ..., wait: bool = ..., timeout: float = ...) -> CentercodeUserImportAccepted | CentercodeUserImportStatus:
        """Queues a user's import into the community."""
    @overload
    def community_user_import(self, *, source_key: str, data: Mapping[str, Any], email: str | None = ..., wait: bool = ..., timeout: float = ...) -> CentercodeUserImportAccepted | CentercodeUserImportStatus:
        """Queues a user's import into the community."""
    def community_user_import_status(self, *, source_key: str, status_id: str) -> CentercodeUserImportStatus:
        """An import's status."""
    @overload
    def project_user_import(self, *, project_key: str, source_key: str, email: str, data: Mapping[str, Any] | None = ..., wait: bool = ..., timeout: float = ...) -> CentercodeUserImportAccepted | CentercodeUserImportStatus:
        """Queues a user's import into a project."""
    @overload
    def project_user_import(self, *, project_key: str, source_key: str, data: Mapping[str, Any], email: str | None = ..., wait: bool = ..., timeout: float = ...) -> CentercodeUserImportAccepted | CentercodeUserImportStatus:
        """Queues a user's import into a project."""
    def project_user_import_status(self, *, project_key: str, source_key: str, status_id: str) -> CentercodeUserImportStatus:
        """An import's status."""
    def create_feedback(self, *, project_key: str, feedback_key: str, data: Mapping[str, Any] | None = ..., submitter: str | None = ..., title: str | None = ..., summary: str | None = ..., description: str | None = ..., topic: int | str | None = ..., status: str | None = ..., attach: Mapping[str, str | PathLike[str] | Sequence[str | PathLike[str]]] | None = ...) -> CentercodeFeedbackCreatedWithAttachments:
        """Submits feedback to a project; each call creates one."""
    def upload_file_attachment(self, *, project_key: str, feedback_type_key: str, feedback_key: str, file_element_key: str, file: str | PathLike[str]) -> CentercodeFileAttachmentCreated:
        """Attaches one file to a feedback, in a request below 2 GB."""
    @overload
    def project_release(self, *, project_key: str, release_type_key: str, title: str, data: Mapping[str, Any] | None = ..., subtitle: str | None = ..., release_value: str | None = ..., body: str | None = ..., start_date: str | None = ..., end_date: str | None = ..., is_click_through_notice: bool | None = ..., ftp_bucket_files: Sequence[Mapping[str, Any]] | None = ..., links: Sequence[Mapping[str, Any]] | None = ...) -> CentercodeReleaseCreated:
        """Creates a release."""
    @overload
    def project_release(self, *, project_key: str, release_type_key: str, data: Mapping[str, Any], title: str | None = ..., subtitle: str | None = ..., release_value: str | None = ..., body: str | None = ..., start_date: str | None = ..., end_date: str | None = ..., is_click_through_notice: bool | None = ..., ftp_bucket_files: Sequence[Mapping[str, Any]] | None = ..., links: Sequence[Mapping[str, Any]] | None = ...) -> CentercodeReleaseCreated:
        """Creates a release."""

class V3:
    warnings: tuple[str, ...]
    def __init__(self, url: str, key: str, *, network: Network | None = ..., allow_http: bool = ..., file_server: str = ..., key_name: str = ..., url_name: str = ...) -> None: ...
    def list_releases(self, *, product_id: str | None = ..., name: str | None = ..., version: str | None = ..., channel: str | None = ..., platform: str | None = ..., query: str | None = ..., published: bool | None = ..., private: bool | None = ..., page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3Release]:
        """Releases that fit all filters."""
    @overload
    def create_release(self, *, name: str, version: str, channel: str, product_id: str, data: Mapping[str, Any] | None = ..., platforms: Sequence[str] | None = ..., private: bool | None = ..., notes: str | None = ..., created_at: str | None = ...) -> V3Release:
        """Creates a draft, which customers can't see."""
    @overload
    def create_release(self, *, data: Mapping[str, Any], name: str | None = ..., version: str | None = ..., channel: str | None = ..., platforms: Sequence[str] | None = ..., private: bool | None = ..., notes: str | None = ..., product_id: str | None = ..., created_at: str | None = ...) -> V3Release:
        """Creates a draft, which customers can't see."""
    def check_update(self, *, product_id: str, platform: str, version: str, key: str, account_id: str, channel: str | None = ..., allowed: bool | None = ..., check_allowed: bool = ...) -> V3ReleaseWithAllowed:
        """The latest published release, if newer in the given version's parts: 1.2.3.4 is no update for 1.2.3."""
    def get_latest_release(self, *, product_id: str, platform: str, key: str, account_id: str | None = ..., channel: str | None = ...) -> V3Release:
        """The latest published release for a platform and channel."""
    def check_allowed(self, *, id: str, key: str, account_id: str) -> bool | dict[str, Any]:
        """Whether the license's maintenance allows a release that check-update found."""
    def get_release(self, *, id: str) -> V3Release:
        """One release."""
    def update_release(self, *, id: str, data: Mapping[str, Any] | None = ..., name: str | None = ..., version: str | None = ..., channel: str | None = ..., platforms: Sequence[str] | None = ..., private: bool | None = ..., notes: str | None = ..., product_id: str | None = ..., created_at: str | None = ...) -> V3Release:
        """Changes a draft."""
    def delete_release(self, *, id: str) -> Any:
        """Deletes a release permanently."""
    def publish_release(self, *, id: str) -> V3Release:
        """Permanently makes a release visible to customers and unchangeable."""
    def list_my_releases(self, *, page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3UserRelease]:
        """The releases that the token's user sees in the portal."""
    def list_release_platforms(self, *, page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3ReleasePlatform]:
        """The account's release platforms."""
    @overload
    def create_release_platform(self, *, name: str, display_name: str, data: Mapping[str, Any] | None = ..., description: str | None = ..., product_ids: Sequence[str] | None = ...) -> V3ReleasePlatform:
        """Adds a platform to products."""
    @overload
    def create_release_platform(self, *, data: Mapping[str, Any], name: str | None = ..., display_name: str | None = ..., description: str | None = ..., product_ids: Sequence[str] | None = ...) -> V3ReleasePlatform:
        """Adds a platform to products."""
    def list_release_channels(self, *, page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3ReleaseChannel]:
        """The account's release channels."""
    @overload
    def create_release_channel(self, *, name: str, display_name: str, data: Mapping[str, Any] | None = ..., description: str | None = ..., product_ids: Sequence[str] | None = ...) -> V3ReleaseChannel:
        """Adds a channel to products."""
    @overload
    def create_release_channel(self, *, data: Mapping[str, Any], name: str | None = ..., display_name: str | None = ..., description: str | None = ..., product_ids: Sequence[str] | None = ...) -> V3ReleaseChannel:
        """Adds a channel to products."""
    def list_release_files(self, *, release_id: str, name: str | None = ..., published: bool | None = ..., query: str | None = ..., page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3ReleaseFile]:
        """A release's files."""
    @overload
    def create_release_file(self, *, name: str, url: str, size: int, secured: bool, release_id: str, data: Mapping[str, Any] | None = ..., checksum: str | None = ...) -> V3ReleaseFile:
        """Adds a file to a draft, by its address."""
    @overload
    def create_release_file(self, *, data: Mapping[str, Any], name: str | None = ..., url: str | None = ..., size: int | None = ..., checksum: str | None = ..., secured: bool | None = ..., release_id: str | None = ...) -> V3ReleaseFile:
        """Adds a file to a draft, by its address."""
    def get_release_file(self, *, id: str) -> V3ReleaseFile:
        """One file."""
    def delete_release_file(self, *, id: str) -> Any:
        """Removes a file from a draft."""
    def list_webhooks(self, *, page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3Webhook]:
        """The account's webhooks."""
    @overload
    def create_webhook(self, *, name: str, url: str, events: Sequence[str], data: Mapping[str, Any] | None = ..., token: str | None = ..., active: bool | None = ...) -> V3Webhook:
        """Sends events, signed with the token, to an address from now on."""
    @overload
    def create_webhook(self, *, data: Mapping[str, Any], name: str | None = ..., url: str | None = ..., token: str | None = ..., active: bool | None = ..., events: Sequence[str] | None = ...) -> V3Webhook:
        """Sends events, signed with the token, to an address from now on."""
    def get_webhook(self, *, id: str) -> V3Webhook:
        """One of the account's webhooks."""
    def update_webhook(self, *, id: str, data: Mapping[str, Any] | None = ..., name: str | None = ..., url: str | None = ..., token: str | None = ..., active: bool | None = ..., events: Sequence[str] | None = ...) -> V3Webhook:
        """Changes a webhook; omitted fields don't change."""
    def delete_webhook(self, *, id: str) -> Any:
        """Deletes a webhook."""
    def list_webhook_events(self) -> dict[str, Any] | list[Any]:
        """The events that a webhook can subscribe to."""
    def list_webhook_event_logs(self, *, page: int | None = ..., limit: int | None = ..., sort: str | None = ..., all_pages: bool = ...) -> list[V3WebhookEventLog]:
        """The events sent to webhooks, with results."""
    def upload_release_file(self, *, release_id: str, filename: str, file: str | PathLike[str], as_form: bool = ...) -> V3ReleaseFile:
        """Stores a file on the release server and adds it to a draft."""
    def delete_uploaded_file(self, *, release_id: str, filename: str) -> Any:
        """Removes a draft's file from the release server; the release lists it until delete-release-file."""
